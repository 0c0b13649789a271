//! JSON read strictly: what serde's own tree would let pass (a key given twice, a key nobody knows,
//! a number where amounts are text) is refused, and named.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::refusal::{Kind, Refusal};

/// A JSON value, its keys in their order. Numbers and booleans are never wanted: their values are
/// not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Other,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one line. Errors: `BadJson`, with the column.
    pub fn read(line: &[u8]) -> Result<Json, Refusal> {
        serde_json::from_slice(line).map_err(|error| Refusal::of(Kind::BadJson, error.column().to_string()))
    }

    /// How such a value is written, whatever is in it.
    pub fn sign(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Text(_) | Json::Other => "…",
            Json::List(_) => "[]",
            Json::Object(_) => "{}",
        }
    }

    /// The text under `key`, if this is an object with a text there: for ids, before anything is
    /// judged.
    pub fn peek(&self, key: &str) -> Option<&str> {
        match self {
            Json::Object(entries) => match entries.iter().find(|(name, _)| name == key) {
                Some((_, Json::Text(text))) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The entries of an object, all of them known and none given twice.
pub(super) struct Fields<'a>(&'a [(String, Json)]);

impl<'a> Fields<'a> {
    /// Errors: `WantsObject` (naming `what`), `UnknownKey`, `DuplicateKey`.
    pub fn of(json: &'a Json, what: &str, known: &[&str]) -> Result<Fields<'a>, Refusal> {
        let Json::Object(entries) = json else { return Err(Refusal::of(Kind::WantsObject, what)) };
        for (index, (key, _)) in entries.iter().enumerate() {
            if !known.contains(&key.as_str()) {
                return Err(Refusal::of(Kind::UnknownKey, key));
            }
            if entries[..index].iter().any(|(earlier, _)| earlier == key) {
                return Err(Refusal::of(Kind::DuplicateKey, key));
            }
        }
        Ok(Fields(entries))
    }

    /// The value under `key`; `null` is as if it were not there.
    pub fn get(&self, key: &str) -> Option<&'a Json> {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value).filter(|value| **value != Json::Null)
    }

    /// Errors: `WantsText`.
    pub fn string(&self, key: &str) -> Result<Option<&'a str>, Refusal> {
        self.get(key).map(|value| text(value, key)).transpose()
    }

    /// Errors: `WantsList`.
    pub fn list(&self, key: &str) -> Result<Option<&'a [Json]>, Refusal> {
        match self.get(key) {
            None => Ok(None),
            Some(Json::List(values)) => Ok(Some(values)),
            Some(_) => Err(Refusal::of(Kind::WantsList, key)),
        }
    }
}

/// The text that this value is. Errors: `WantsText`, naming `what`.
pub(super) fn text<'a>(json: &'a Json, what: &str) -> Result<&'a str, Refusal> {
    match json {
        Json::Text(text) => Ok(text),
        _ => Err(Refusal::of(Kind::WantsText, what)),
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}
