//! Members, limits and errors against the published API model (`data/`) and chapter 50, sections 4 and 5.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::super::{Member, ROWS, Row, Shape, UNLIMITED, shapes};
use super::markdown::{Table, code_spans};

/// The published model, in the form of `scripts/extract-api-model`.
#[derive(Deserialize)]
pub(super) struct Model {
    pub(super) operations: BTreeMap<String, ModelOperation>,
    pub(super) shapes: BTreeMap<String, ModelShape>,
}

#[derive(Deserialize)]
pub(super) struct ModelOperation {
    input: String,
    pub(super) output: Option<String>,
    errors: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ModelShape {
    #[serde(rename = "type")]
    kind: String,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    #[serde(rename = "enum")]
    words: Option<Vec<String>>,
    sensitive: bool,
    member: Option<String>,
    required: Vec<String>,
    members: Pairs,
}

/// The members of a structure and their shapes, in order.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Visit)
    }
}

impl Model {
    pub(super) fn read() -> Self {
        serde_json::from_str(include_str!("../../../data/kms-2014-11-01.json")).unwrap()
    }

    /// The names of the members of a structure, in order.
    pub(super) fn members(&self, structure: &str) -> Vec<String> {
        self.shapes[structure].members.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// A shape without its limits, words in any order.
    pub(super) fn outline(&self, name: &str) -> Value {
        let shape = &self.shapes[name];
        match shape.kind.as_str() {
            "string" if shape.words.is_some() => {
                json!({ "enumeration": shape.words.iter().flatten().collect::<BTreeSet<_>>() })
            }
            "list" => json!({ "list": self.outline(shape.member.as_ref().unwrap()) }),
            "structure" => shape
                .members
                .0
                .iter()
                .map(|(name, shape)| (name.clone(), self.outline(shape)))
                .collect::<Map<_, _>>()
                .into(),
            other => json!(other),
        }
    }

    fn describe(&self, name: &str) -> Value {
        let shape = &self.shapes[name];
        let bounds = || (shape.min.unwrap_or(0), shape.max);
        match shape.kind.as_str() {
            "string" if shape.words.is_some() => json!({ "enumeration": shape.words }),
            "string" => json!({ "text": bounds(), "pattern": shape.pattern, "sensitive": shape.sensitive }),
            "blob" => json!({ "blob": bounds(), "sensitive": shape.sensitive }),
            "integer" => json!({ "integer": bounds() }),
            "list" => json!({ "list": bounds(), "of": self.describe(shape.member.as_ref().unwrap()) }),
            "structure" => {
                let member = |(name, shape_name): &(String, String)| {
                    json!([name, shape.required.contains(name), self.describe(shape_name)])
                };
                json!(shape.members.0.iter().map(member).collect::<Vec<_>>())
            }
            other => json!(other),
        }
    }
}

fn describe_members(members: &[Member]) -> Value {
    json!(members.iter().map(|m| json!([m.name, m.required, describe(&m.shape)])).collect::<Vec<_>>())
}

fn describe(shape: &Shape) -> Value {
    let limited = |max: &u32| (*max != UNLIMITED).then_some(*max);
    match shape {
        Shape::Text { min, max, pattern, sensitive } => json!({
            "text": (min, limited(max)), "pattern": pattern.map(|pattern| pattern.text), "sensitive": sensitive
        }),
        Shape::Blob { min, max, sensitive } => json!({ "blob": (min, limited(max)), "sensitive": sensitive }),
        Shape::Integer { min, max } => json!({ "integer": (min, max) }),
        Shape::Boolean => json!("boolean"),
        Shape::Timestamp => json!("timestamp"),
        Shape::Enumeration(words) => json!({ "enumeration": words }),
        Shape::List { min, max, element } => json!({ "list": (min, limited(max)), "of": describe(element) }),
        Shape::TextMap => json!("map"),
        Shape::Structure(members) => describe_members(members),
    }
}

/// Spec: API-001, API-046
#[test]
fn every_operation_of_the_model_has_one_row() {
    let model = Model::read();
    let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
    assert!(names.iter().copied().eq(model.operations.keys()), "{names:?}");
    assert_eq!(names.len(), 56);
}

/// Spec: API-001, API-046, API-129
#[test]
fn members_limits_patterns_and_words_are_those_of_the_model() {
    let model = Model::read();
    for row in ROWS {
        let expected = model.describe(&model.operations[row.name].input);
        assert_eq!(describe_members(row.members), expected, "{}", row.name);
    }
}

/// Spec: API-046, API-103
#[test]
fn declared_errors_are_those_of_the_model() {
    let model = Model::read();
    for (name, errors) in shapes::ERRORS {
        assert_eq!(*errors, model.operations[*name].errors, "{name}");
    }
    for row in ROWS {
        assert_eq!(row.declares("NotFoundException"), model.declares(row, "NotFoundException"), "{}", row.name);
        assert_eq!(row.declares("InvalidArnException"), model.declares(row, "InvalidArnException"), "{}", row.name);
    }
}

impl Model {
    fn declares(&self, row: &Row, code: &str) -> bool {
        self.operations[row.name].errors.iter().any(|error| error == code)
    }
}

/// Spec: KEY-22
#[test]
fn operations_without_invalid_arn_are_those_of_the_list() {
    let listed = "Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair \
         GenerateDataKeyPairWithoutPlaintext GenerateMac VerifyMac Sign Verify DeriveSharedSecret Encapsulate \
         Decapsulate CreateAlias UpdateAlias DeleteAlias ListKeys GenerateRandom ConnectCustomKeyStore \
         CreateCustomKeyStore DeleteCustomKeyStore DescribeCustomKeyStores DisconnectCustomKeyStore \
         UpdateCustomKeyStore";
    for row in ROWS {
        let is_listed = listed.split_whitespace().any(|name| name == row.name);
        assert_eq!(row.declares("InvalidArnException"), !is_listed, "{}", row.name);
    }
}

/// Spec: API-005, API-046
#[test]
fn the_operation_table_equals_the_model() {
    let model = Model::read();
    let table = Table::read("50-api-surface.md", &["#", "Operation = wire target `TrentService.<name>`"]);
    let mut names = Vec::new();
    for cells in table.rows() {
        let [_, name, inputs, output, errors, ..] = cells else { panic!("{cells:?}") };
        let operation = &model.operations[name];
        let members = &Row::find(name).unwrap().members;

        let written: Vec<_> = inputs.split("<br>").filter(|input| input.starts_with('`')).collect();
        assert_eq!(written.len(), members.len(), "{name}");
        for (input, member) in written.iter().zip(members.iter()) {
            let required = if member.required { "*" } else { "" };
            assert!(input.starts_with(&format!("`{}`{required}:", member.name)), "{name}: {input}");
        }
        assert_eq!(output == "none (empty body)", operation.output.is_none(), "{name}");
        assert_eq!(errors.split(", ").collect::<Vec<_>>(), operation.errors, "{name}");
        names.push(name.clone());
    }
    assert!(names.iter().eq(model.operations.keys()));
}

/// Spec: API-046
#[test]
fn the_table_of_limits_equals_the_model() {
    let model = Model::read();
    let table = Table::read("50-api-surface.md", &["Type", "Kind", "Min", "Max", "Pattern", "Sensitive"]);
    for cells in table.rows() {
        let [name, kind, min, max, pattern, sensitive] = cells else { panic!("{cells:?}") };
        let name = &code_spans(name)[0];
        let shape = &model.shapes[name];
        let number = |cell: &str| cell.parse::<i64>().ok();
        assert_eq!(*kind, shape.kind, "{name}");
        assert_eq!((number(min), number(max)), (shape.min, shape.max), "{name}");
        assert_eq!(code_spans(pattern).pop(), shape.pattern, "{name}");
        assert_eq!(sensitive == "yes", shape.sensitive, "{name}");
    }
}

/// Spec: API-046
#[test]
fn the_table_of_enumerations_equals_the_model() {
    let model = Model::read();
    let table = Table::read("50-api-surface.md", &["Type", "Values"]);
    let mut count = 0;
    for cells in table.rows() {
        let name = &code_spans(&cells[0])[0];
        assert_eq!(Some(code_spans(&cells[1])), model.shapes[name].words, "{name}");
        count += 1;
    }
    assert_eq!(count, model.shapes.values().filter(|shape| shape.words.is_some()).count());
}

/// Spec: API-030, PRM-27
#[test]
fn dry_run_is_a_member_of_seventeen_operations() {
    let with = ROWS.iter().filter(|row| row.member("DryRun").is_some()).map(|row| row.name);
    let listed = "CreateGrant Decapsulate Decrypt DeriveSharedSecret Encapsulate Encrypt GenerateDataKey \
         GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext GenerateMac ReEncrypt \
         RetireGrant RevokeGrant Sign Verify VerifyMac";
    assert!(with.eq(listed.split_whitespace()));
}
