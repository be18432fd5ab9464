//! `proto-gen encode`: the mirror of `decode --json`.

use std::io::{BufReader, Read};

use serde_json::{Deserializer, Value as Json};

use crate::check::suggest::instead;
use crate::dynamic::json::{from_json, unhex};
use crate::dynamic::{encode, frame, tree};
use crate::schema::{Message, Schema};

/// Frames of JSON objects, one after the other or in arrays; each as soon as its object is there.
///
/// An object says which `message` and its `value`. An unknown message has its `id` and `bytes`
/// instead, and so may a frame that is to be wrong; what a stream ends with is `rest`. After the
/// first error, which is in words, there is nothing more.
pub fn encode_frames<'a>(
    schema: &'a Schema,
    input: impl Read + 'a,
) -> impl Iterator<Item = Result<Vec<u8>, String>> + 'a {
    let values = Deserializer::from_reader(BufReader::new(input)).into_iter::<Json>();
    let objects = values.flat_map(|json| match json {
        Ok(Json::Array(objects)) => objects.into_iter().map(Ok).collect(),
        Ok(object) => vec![Ok(object)],
        Err(error) if error.is_io() => vec![Err(error.to_string())],
        Err(error) => vec![Err(format!("not JSON: {error}"))],
    });
    let frames = objects.enumerate().map(|(index, object)| {
        one(schema, &object?).map_err(|error| format!("object {}: {error}", index + 1))
    });
    let mut failed = false;
    frames.take_while(move |frame| !std::mem::replace(&mut failed, frame.is_err()))
}

/// The value of one message, without a header, from its JSON.
///
/// # Errors
///
/// In words, where it is no value of the message.
pub fn encode_value(schema: &Schema, message: &Message, json: &Json) -> Result<Vec<u8>, String> {
    let value = from_json(schema, &message.meta.name, &message.body, json);
    let value = value.map_err(|error| error.to_string())?;
    encode(schema, message, &value).map_err(|refusal| refusal.to_string())
}

/// The message with this name.
///
/// # Errors
///
/// In words, which name the one that may have been meant.
pub fn named<'a>(schema: &'a Schema, name: &str) -> Result<&'a Message, String> {
    let found = schema.messages().find(|message| message.meta.name == name);
    found.ok_or_else(|| {
        let names = schema.messages().map(|message| message.meta.name.as_str());
        format!("there is no message `{name}`: {}", instead(name, names))
    })
}

fn one(schema: &Schema, object: &Json) -> Result<Vec<u8>, String> {
    let raw = |key: &str| object.get(key).and_then(Json::as_str).and_then(unhex);
    if let Some(rest) = raw("rest") {
        return Ok(rest);
    }
    let message = match (object.get("message").and_then(Json::as_str), object.get("id")) {
        (Some(name), _) => Some(named(schema, name)?),
        (None, Some(id)) => {
            let id = id.as_u64().and_then(|id| u16::try_from(id).ok());
            let id = id.ok_or("`id` is a number up to 65535")?;
            match tree::message(schema, id) {
                Some((_, message)) => Some(message),
                None => {
                    let bytes = raw("bytes").ok_or("an unknown message needs its `bytes`")?;
                    return Ok(frame(id, &bytes));
                }
            }
        }
        (None, None) => None,
    };
    let message = message.ok_or(
        r#"an object needs `message` or `id`, for example {"message": "Ping", "value": {}}"#,
    )?;
    let value = match object.get("value") {
        Some(json) => encode_value(schema, message, json)?,
        None => raw("bytes").ok_or("an object needs `value` or `bytes`")?,
    };
    Ok(frame(message.id, &value))
}
