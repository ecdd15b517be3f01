//! The published API model: what kind of value a member is.

use std::sync::LazyLock;

use serde_json::Value;

/// `create-key` is `CreateKey` (WLK-02).
pub(crate) fn pascal(kebab: &str) -> String {
    let mut parts = kebab.split('-').map(|part| match part.chars().next() {
        Some(first) => first.to_uppercase().to_string() + &part[first.len_utf8()..],
        None => String::new(),
    });
    parts.by_ref().collect()
}

/// The name of the input shape of an operation.
pub(crate) fn input(operation: &str) -> &'static str {
    MODEL["operations"][operation]["input"].as_str().unwrap_or_else(|| panic!("there is no operation {operation}"))
}

/// The name of the output shape of an operation, if it has one.
pub(crate) fn output(operation: &str) -> Option<&'static str> {
    MODEL["operations"][operation]["output"].as_str()
}

/// The kind of a shape, such as `structure`.
pub(crate) fn kind(shape: &str) -> &'static str {
    MODEL["shapes"][shape]["type"].as_str().unwrap_or_else(|| panic!("there is no shape {shape}"))
}

/// The shape of a member of a structure.
pub(crate) fn member(shape: &str, name: &str) -> Option<&'static str> {
    MODEL["shapes"][shape]["members"][name].as_str()
}

/// The shape of the elements of a list, or of the values of a map.
pub(crate) fn element(shape: &str) -> &'static str {
    let shape = &MODEL["shapes"][shape];
    shape["member"].as_str().or(shape["value"].as_str()).unwrap()
}

/// The member that an option names; acronyms are written in many ways (`--xks-key-id`, `--aws-…`).
pub(crate) fn member_of_option(shape: &str, option: &str) -> String {
    let plain = option.replace('-', "");
    let members = MODEL["shapes"][shape]["members"].as_object().unwrap();
    let found = members.keys().find(|name| name.eq_ignore_ascii_case(&plain));
    found.cloned().unwrap_or_else(|| panic!("{shape} has no member for --{option}"))
}

static MODEL: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../keystead/data/kms-2014-11-01.json");
    serde_json::from_str(text).unwrap()
});
