//! The OpenAPI description and the program say the same: routes, statuses, and every answer that the
//! other tests get.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use olvido::sync::hub::server::OPENAPI;
use olvido::sync::hub::server::routes::Call;
use serde_json::Value;

use crate::support::{Answer, Hub};

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(OPENAPI).unwrap())
}

#[test]
fn the_routes_and_the_description_agree_both_ways() {
    let paths = document()["paths"].as_object().unwrap();
    let described: BTreeSet<(String, String)> = paths
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |m| (m.to_uppercase(), path.clone()))
        })
        .collect();
    let served: BTreeSet<(String, String)> =
        Call::ALL.iter().map(|call| (call.method().to_owned(), call.path().to_owned())).collect();
    assert_eq!(described, served);
    for call in Call::ALL {
        let operation = &paths[call.path()][call.method().to_lowercase()];
        let described: BTreeSet<u16> = operation["responses"]
            .as_object()
            .unwrap()
            .keys()
            .map(|status| status.parse().unwrap())
            .collect();
        assert_eq!(described, call.statuses().iter().copied().collect(), "{call:?}");
        let secured = !operation["security"].as_array().unwrap().is_empty();
        assert_eq!(secured, call.needs_session(), "{call:?}");
    }
}

#[test]
fn the_description_is_served_as_it_is() {
    let hub = Hub::plain();
    let served: Value = hub.get("/openapi.json").expect(200).json();
    assert_eq!(&served, document());
    assert_eq!(served["openapi"], "3.1.0");
}

#[test]
fn every_reference_leads_somewhere_and_every_part_is_used() {
    let text = OPENAPI;
    let mut used = BTreeSet::new();
    for rest in text.split("\"$ref\": \"").skip(1) {
        let reference = rest.split('"').next().unwrap();
        assert!(!resolve(reference).is_null(), "{reference}");
        used.insert(reference.to_owned());
    }
    for kind in ["schemas", "responses"] {
        for name in document()["components"][kind].as_object().unwrap().keys() {
            assert!(used.contains(&format!("#/components/{kind}/{name}")), "{name} is not used");
        }
    }
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let forgets = resolve("#/components/schemas/ForgetsAnswer");
    let right =
        serde_json::json!({"forgets": [{"id": "00".repeat(16), "confirmed": 1, "copies": 2, "lost": 0}]});
    assert_eq!(faults(forgets, &right), Vec::<String>::new());
    for (place, wrong) in [
        ("/forgets/0/id", Value::from("xy")),
        ("/forgets/0/confirmed", Value::from(-1)),
        ("/forgets/0/copies", Value::from("2")),
        ("/forgets/0", serde_json::json!({})),
        ("/forgets", Value::Null),
    ] {
        let mut altered = right.clone();
        *altered.pointer_mut(place).unwrap() = wrong;
        assert!(!faults(forgets, &altered).is_empty(), "{place}");
    }
    let begin = &resolve("#/components/schemas/EnrolRequest")["properties"]["begin"];
    assert!(!faults(begin, &serde_json::json!({"tickets": 1})).is_empty(), "a name that is not known");
}

/// Fails where an answer is not among those described for its route.
#[track_caller]
pub fn check(method: &str, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap();
    let known = document()["paths"].as_object().unwrap().iter().find(|(template, _)| matches(template, path));
    let operation = known.map(|(_, methods)| &methods[method.to_lowercase()]).filter(|o| !o.is_null());
    let Some(operation) = operation else {
        assert!([404, 405].contains(&answer.status), "{method} {path}: {}", answer.status);
        assert!(
            faults(resolve("#/components/schemas/Error"), &answer.json()).is_empty(),
            "{}",
            answer.text()
        );
        return;
    };
    let response = &operation["responses"][answer.status.to_string()];
    let response = response["$ref"].as_str().map_or(response, resolve);
    assert!(response.is_object(), "{method} {path} does not say that it answers {}", answer.status);
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let present = answer.header(&name.to_lowercase()).is_some();
        assert!(present || header["required"] != true, "{method} {path} {}: no {name}", answer.status);
    }
    let (media, content) = response["content"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(answer.header("content-type"), Some(media.as_str()), "{method} {path}");
    if media == "application/json" && answer.header("content-encoding").is_none() {
        let found = faults(&content["schema"], &answer.json());
        assert!(found.is_empty(), "{method} {path} {}: {found:?}\n{}", answer.status, answer.text());
    }
}

/// `/v1/records/{series}` takes only what it lists: another series is no such route, and 404 all the same.
fn matches(template: &str, path: &str) -> bool {
    let (mut wanted, mut found) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), found.next()) {
            (None, None) => return true,
            (Some(one), Some(other)) if one == other || one.starts_with('{') => {}
            _ => return false,
        }
    }
}

fn resolve(reference: &str) -> &'static Value {
    document().pointer(reference.strip_prefix('#').unwrap()).unwrap_or(&Value::Null)
}

/// What is wrong with a value, by the keywords of JSON Schema that the description uses; fails on any
/// other keyword, which would else be passed over.
fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let number = value.as_i64().map(i128::from).or(value.as_u64().map(i128::from));
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let bound = rule.as_i64().map(i128::from).or(rule.as_u64().map(i128::from));
        let characters = value.as_str().map(|text| text.chars().count() as i128);
        let items = value.as_array().map(|items| items.len() as i128);
        let good = match keyword.as_str() {
            "description" => true,
            "$ref" => {
                found.extend(faults(resolve(rule.as_str().unwrap()), value));
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(|schema| faults(schema, value).is_empty()),
            "enum" => rule.as_array().unwrap().contains(value),
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "null" => value.is_null(),
                "integer" => value.is_i64() || value.is_u64(),
                other => panic!("type {other}"),
            },
            "pattern" => {
                let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "minimum" => number.is_none_or(|number| number >= bound.unwrap()),
            "maximum" => number.is_none_or(|number| number <= bound.unwrap()),
            "minLength" => characters.is_none_or(|count| count >= bound.unwrap()),
            "maxLength" => characters.is_none_or(|count| count <= bound.unwrap()),
            "minItems" => items.is_none_or(|count| count >= bound.unwrap()),
            "maxItems" => items.is_none_or(|count| count <= bound.unwrap()),
            "items" => {
                found.extend(value.as_array().into_iter().flatten().flat_map(|item| faults(rule, item)));
                true
            }
            "required" => rule.as_array().unwrap().iter().all(|name| {
                !value[name.as_str().unwrap()].is_null()
                    || value.as_object().is_some_and(|fields| fields.contains_key(name.as_str().unwrap()))
            }),
            "properties" => {
                for (name, schema) in rule.as_object().unwrap() {
                    found.extend(value.get(name).into_iter().flat_map(|field| faults(schema, field)));
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(*rule, false);
                let known = &schema["properties"];
                value.as_object().is_none_or(|fields| fields.keys().all(|name| !known[name].is_null()))
            }
            other => panic!("the validator does not know {other}"),
        };
        if !good {
            found.push(format!("{keyword} of {value}"));
        }
    }
    found
}
