//! The published API model, and whether JSON is as it says.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Model {
    pub(crate) metadata: BTreeMap<String, Value>,
    pub(crate) operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
pub(crate) struct Operation {
    pub(crate) input: String,
    pub(crate) output: Option<String>,
    pub(crate) errors: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Shape {
    #[serde(rename = "type")]
    kind: String,
    min: Option<usize>,
    max: Option<usize>,
    #[serde(rename = "enum")]
    words: Option<Vec<String>>,
    member: Option<String>,
    required: Vec<String>,
    members: BTreeMap<String, String>,
}

static MODEL: LazyLock<Model> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../keystead/data/kms-2014-11-01.json")).unwrap());

impl Model {
    pub(crate) fn get() -> &'static Self {
        &MODEL
    }

    /// Panics unless the body is a request of the operation.
    pub(crate) fn check_request(&self, operation: &str, body: &[u8]) {
        let value: Value = serde_json::from_slice(body).unwrap();
        self.check(operation, &self.operations[operation].input, &value);
    }

    /// Panics unless the body is an answer of the operation.
    pub(crate) fn check_answer(&self, operation: &str, body: &[u8]) {
        match &self.operations[operation].output {
            None => assert!(body.is_empty(), "{operation} answers with a body"),
            Some(shape) => self.check(operation, shape, &serde_json::from_slice(body).unwrap()),
        }
    }

    fn check(&self, path: &str, name: &str, value: &Value) {
        let shape = &self.shapes[name];
        let length = match (shape.kind.as_str(), value) {
            ("string", Value::String(text)) => {
                // The newer specs are missing in the old name of the enumeration.
                let is_old = name == "CustomerMasterKeySpec";
                assert!(is_old || shape.words.iter().all(|words| words.contains(text)), "{path}: {text}");
                text.chars().count()
            }
            ("blob", Value::String(text)) => {
                STANDARD.decode(text).unwrap_or_else(|error| panic!("{path}: {error}")).len()
            }
            ("integer", Value::Number(number)) => usize::try_from(number.as_u64().unwrap()).unwrap(),
            ("boolean", Value::Bool(_)) => return,
            ("timestamp", Value::Number(number)) => {
                let millis = number.as_f64().unwrap() * 1000.0;
                return assert!((millis - millis.round()).abs() < 1e-3, "{path}: {number}");
            }
            ("map", Value::Object(pairs)) => return assert!(pairs.values().all(Value::is_string), "{path}"),
            ("list", Value::Array(elements)) => {
                let element = shape.member.as_ref().unwrap();
                elements.iter().for_each(|value| self.check(&format!("{path}[]"), element, value));
                elements.len()
            }
            ("structure", Value::Object(members)) => {
                for name in &shape.required {
                    assert!(members.contains_key(name), "{path}.{name} is missing");
                }
                for (name, value) in members {
                    let member = shape.members.get(name).unwrap_or_else(|| panic!("{path}.{name} is not of the model"));
                    self.check(&format!("{path}.{name}"), member, value);
                }
                return;
            }
            (kind, value) => panic!("{path} is no {kind}: {value}"),
        };
        assert!(shape.min.is_none_or(|min| length >= min), "{path} is too small");
        assert!(shape.max.is_none_or(|max| length <= max), "{path} is too large");
    }
}
