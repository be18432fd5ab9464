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
fn a_float_may_be_a_number_and_a_map_an_object() {
    let schema = everything();
    let read = |name: &str, edit: &dyn Fn(&mut serde_json::Value)| {
        let message = find(&schema, name);
        let smallest = crate::dynamic::smallest(&schema, message);
        let mut json = to_json(&schema, &message.body, &smallest);
        edit(&mut json);
        let body = from_json(&schema, name, &message.body, &json)?;
        Ok::<_, JsonError>(to_json(&schema, &message.body, &body))
    };
    let numbers = read("Numbers", &|json| {
        json["f32"] = json!(0.1);
        json["f64"] = json!(-2);
    });
    let numbers = numbers.expect("numbers");
    assert_eq!(numbers["f32"], json!("0x3dcccccd"));
    assert_eq!(numbers["f64"], json!("0xc000000000000000"));
    let error = read("Numbers", &|json| json["f32"] = json!(1e39)).expect_err("too large");
    let wanted = "Numbers.f32: a number of the type's range is wanted, found 1e+39";
    assert_eq!(error.to_string(), wanted);

    let lists = read("Lists", &|json| {
        json["by_name"] = json!({"b": [], "a": ["::1"]});
        json["by_number"] = json!({"10": "127.0.0.1:1", "-9": "127.0.0.1:2"});
        json["by_role"] = json!({"Client": true, "Server": false});
    });
    let lists = lists.expect("objects");
    assert_eq!(lists["by_name"], json!([["a", ["::1"]], ["b", []]]));
    // In the order of the keys, not in that of their digits or names.
    assert_eq!(lists["by_number"], json!([[-9, "127.0.0.1:2"], [10, "127.0.0.1:1"]]));
    assert_eq!(lists["by_role"], json!([["Server", false], ["Client", true]]));
    let error = read("Lists", &|json| json["by_name"] = json!({"a": [1]})).expect_err("no address");
    assert_eq!(error.to_string(), "Lists.by_name[\"a\"].value[0]: a string is wanted, found 1");
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
    let fields = "one of first, mood, role, access, peer, shape, small is wanted";
    check(json!({"first": "", "secnd": 1}), &format!("Tails: there is no field `secnd`: {fields}"));
    check(
        json!({"first": "", "moood": 1}),
        "Tails: there is no field `moood`: did you mean `mood`?",
    );
    check(
        json!({"first": "", "peer": {"name": "", "at": {"x": 1e99, "visible": true}}}),
        "Tails.peer.at.x: an integer of the type's range is wanted, found 1e+99",
    );
    check(
        json!({"first": "", "mood": "Sad"}),
        "Tails.mood: there is no value `Sad`: one of Calm, Happy is wanted",
    );
}
