use serde_json::json;

use super::*;
use crate::dynamic::fixture::{everything, find};
use crate::dynamic::{Prng, cases, random};

#[test]
fn every_value_survives_json() {
    let schema = everything();
    let mut prng = Prng::new(4);
    for message in schema.messages() {
        let mut values: Vec<_> =
            cases(&schema, message).into_iter().map(|case| case.value).collect();
        values.extend((0..100).map(|_| random(&schema, message, &mut prng)));
        for value in values {
            let text = to_json(&schema, &message.body, &value).to_string();
            let json = serde_json::from_str(&text).expect("it is JSON");
            let back = from_json(&schema, &message.meta.name, &message.body, &json);
            assert_eq!(back, Ok(value), "{text}");
        }
    }
}

#[test]
fn what_doubles_cannot_hold_is_a_string() {
    let schema = everything();
    let message = find(&schema, "Numbers");
    let mut value = crate::dynamic::smallest(&schema, message);
    value.head[3] = crate::dynamic::Value::Unsigned(1 << 53);
    value.head[4] = crate::dynamic::Value::Unsigned((1 << 53) + 1);
    let json = to_json(&schema, &message.body, &value);
    assert_eq!(json["u64"], json!(9_007_199_254_740_992_u64));
    assert_eq!(json["u128"], json!("9007199254740993"));
}

#[test]
fn mistakes_say_where_they_stand() {
    let schema = everything();
    let message = find(&schema, "Tails");
    let check = |json, wanted: &str| {
        let error = from_json(&schema, "Tails", &message.body, &json).expect_err("a mistake");
        assert_eq!(error.to_string(), wanted);
    };
    check(json!([]), "Tails: an object is wanted, found []");
    check(json!({}), "Tails: the field `first` is missing");
    check(json!({"first": 1}), "Tails.first: a string is wanted, found 1");
    check(json!({"first": "", "secnd": 1}), "Tails: there is no field `secnd`");
    check(
        json!({"first": "", "peer": {"name": "", "at": {"x": 1e99, "visible": true}}}),
        "Tails.peer.at.x: an integer of the type's range is wanted, found 1e+99",
    );
    check(
        json!({"first": "", "mood": "Sad"}),
        "Tails.mood: a value of the enum is wanted, found \"Sad\"",
    );
}
