//! An answer that was changed on its way so that it no longer is what the API promises: of another shape, cut, or with
//! other headers. Never into another answer that could be true: nobody could tell that.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use serde_json::{Map, Value, json};

use super::active::next;
use crate::reply::Reply;

/// Changes an answer; the same seed changes the same answer in the same way.
pub fn corrupt(reply: &mut Reply, seed: u64) {
    let mut dice = seed;
    match pick(&mut dice, 8) {
        0 => reply.status = [500, 502, 503, 504][pick(&mut dice, 4)],
        1 => drop_header(reply, &mut dice),
        2 => cut(reply, &mut dice),
        3 => insert(reply, &mut dice),
        4 => reply.body = whole(&mut dice),
        _ => reshape(reply, &mut dice),
    }
}

fn pick(dice: &mut u64, sides: usize) -> usize {
    let sides = u64::try_from(sides).unwrap_or(1).max(1);
    usize::try_from(next(dice) % sides).unwrap_or(0)
}

fn drop_header(reply: &mut Reply, dice: &mut u64) {
    let monitor = HeaderName::from_static("azure-asyncoperation");
    let names = [monitor, LOCATION, RETRY_AFTER, CONTENT_TYPE];
    reply.headers.remove(&names[pick(dice, names.len())]);
}

/// The end is missing, which no header tells.
fn cut(reply: &mut Reply, dice: &mut u64) {
    let length = pick(dice, reply.body.len());
    reply.body.truncate(length);
}

/// Bytes that are in no JSON.
fn insert(reply: &mut Reply, dice: &mut u64) {
    let place = pick(dice, reply.body.len() + 1);
    let mut body = reply.body.to_vec();
    body.splice(
        place..place,
        [0xff, b'}', 0, b'\\'][..=pick(dice, 3)].iter().copied(),
    );
    reply.body = body.into();
}

/// JSON that is something else.
fn whole(dice: &mut u64) -> Bytes {
    let other = [
        "{}",
        "[]",
        "null",
        "5",
        "true",
        "\"\"",
        "",
        "{\"error\":{\"code\":\"X\",\"message\":\"m\"}}",
        "{\"value\":{}}",
        "{\"value\":null}",
        "{\"items\":{}}",
        "<html></html>",
    ];
    Bytes::from_static(other[pick(dice, other.len())].as_bytes())
}

/// One value in it becomes one of another type, or an object loses what it is known by.
fn reshape(reply: &mut Reply, dice: &mut u64) {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
        reply.body = whole(dice);
        return;
    };
    let mut place = &mut body;
    loop {
        let inner = match &*place {
            Value::Object(fields) => fields.len(),
            Value::Array(items) => items.len(),
            _ => 0,
        };
        if inner == 0 || pick(dice, 3) == 0 {
            break;
        }
        let at = pick(dice, inner);
        let found = match place {
            Value::Object(fields) => fields.iter_mut().nth(at).map(|(_, value)| value),
            Value::Array(items) => items.get_mut(at),
            _ => None,
        };
        match found {
            Some(value) => place = value,
            None => return,
        }
    }
    if let Value::Object(fields) = place
        && pick(dice, 2) == 0
    {
        for name in ["id", "name", "metadata", "kind"] {
            fields.remove(name);
        }
    } else {
        *place = other_type(place, dice);
    }
    reply.body = body.to_string().into();
}

fn other_type(value: &Value, dice: &mut u64) -> Value {
    let others = [
        json!(5),
        json!(true),
        json!("text"),
        json!([]),
        json!([5]),
        Value::Object(Map::new()),
    ];
    let kind = std::mem::discriminant(value);
    let fit: Vec<Value> = others
        .into_iter()
        .filter(|other| std::mem::discriminant(other) != kind)
        .collect();
    fit.get(pick(dice, fit.len())).cloned().unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_changes_the_same_answer_in_the_same_way() {
        let body = json!({"value": [{"id": "/a", "name": "a", "tags": {"k": "v"}}], "nextLink": "https://x"});
        let corrupted = |seed| {
            let mut reply = Reply::json(200, &body);
            corrupt(&mut reply, seed);
            (reply.status, reply.headers, reply.body)
        };
        let all: Vec<_> = (0..500).map(corrupted).collect();
        assert_eq!(all, (0..500).map(corrupted).collect::<Vec<_>>());
        let whole = Reply::json(200, &body);
        let changed = all.iter().filter(|(status, headers, found)| {
            (*status, headers, found) != (whole.status, &whole.headers, &whole.body)
        });
        // A header that is not there cannot be taken away.
        assert!(changed.count() > 300);
    }
}
