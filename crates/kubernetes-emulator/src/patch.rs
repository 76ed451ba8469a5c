//! JSON patches (RFC 6902). Merge patches are those that ARM knows too.

use serde_json::Value;

/// Applies a patch; the error says which operation failed, and why.
pub(crate) fn json_patch(document: &Value, patch: &Value) -> Result<Value, PatchError> {
    let operations = patch.as_array().ok_or(PatchError::NoPatch)?;
    let mut document = document.clone();
    for operation in operations {
        apply(&mut document, operation)?;
    }
    Ok(document)
}

/// Why a patch cannot be applied.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatchError {
    #[error("the patch is no list of operations")]
    NoPatch,
    #[error("an operation is none that is known, or lacks a member")]
    Malformed,
    #[error("the path {0:?} leads nowhere")]
    Missing(String),
    #[error("testing path {0} failed")]
    Test(String),
}

fn apply(document: &mut Value, operation: &Value) -> Result<(), PatchError> {
    let text = |name: &str| operation[name].as_str().ok_or(PatchError::Malformed);
    let (path, value) = (text("path")?, operation.get("value"));
    let value = || value.cloned().ok_or(PatchError::Malformed);
    match text("op")? {
        "add" => add(document, path, value()?),
        "remove" => remove(document, path).map(drop),
        "replace" => {
            *at(document, path)? = value()?;
            Ok(())
        }
        "move" => {
            let moved = remove(document, text("from")?)?;
            add(document, path, moved)
        }
        "copy" => {
            let copied = at(document, text("from")?)?.clone();
            add(document, path, copied)
        }
        "test" => {
            let value = value()?;
            let there = document.pointer(path).unwrap_or(&Value::Null);
            if *there == value {
                Ok(())
            } else {
                Err(PatchError::Test(path.to_owned()))
            }
        }
        _ => Err(PatchError::Malformed),
    }
}

fn at<'a>(document: &'a mut Value, path: &str) -> Result<&'a mut Value, PatchError> {
    document
        .pointer_mut(path)
        .ok_or_else(|| PatchError::Missing(path.to_owned()))
}

/// The parent of what a path names, and its last step.
fn parent<'a>(document: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), PatchError> {
    let (parent, last) = path.rsplit_once('/').ok_or(PatchError::Malformed)?;
    let last = last.replace("~1", "/").replace("~0", "~");
    Ok((at(document, parent)?, last))
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), PatchError> {
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    let missing = || PatchError::Missing(path.to_owned());
    match parent(document, path)? {
        (Value::Object(fields), name) => {
            fields.insert(name, value);
        }
        (Value::Array(items), end) if end == "-" => items.push(value),
        (Value::Array(items), index) => {
            let index = index.parse().ok().filter(|index| *index <= items.len());
            items.insert(index.ok_or_else(missing)?, value);
        }
        _ => return Err(missing()),
    }
    Ok(())
}

fn remove(document: &mut Value, path: &str) -> Result<Value, PatchError> {
    let missing = || PatchError::Missing(path.to_owned());
    match parent(document, path)? {
        (Value::Object(fields), name) => fields.remove(&name).ok_or_else(missing),
        (Value::Array(items), index) => {
            let index = index.parse().ok().filter(|index| *index < items.len());
            Ok(items.remove(index.ok_or_else(missing)?))
        }
        _ => Err(missing()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_operation_does_what_the_standard_says() {
        let document = json!({ "a": [1, 2], "b": { "c/d": 1 } });
        let patch = json!([
            { "op": "add", "path": "/a/1", "value": 9 },
            { "op": "add", "path": "/a/-", "value": 3 },
            { "op": "remove", "path": "/a/0" },
            { "op": "replace", "path": "/b/c~1d", "value": 2 },
            { "op": "copy", "from": "/b", "path": "/e" },
            { "op": "move", "from": "/e/c~1d", "path": "/f" },
            { "op": "test", "path": "/f", "value": 2 }
        ]);
        assert_eq!(
            json_patch(&document, &patch).unwrap(),
            json!({ "a": [9, 2, 3], "b": { "c/d": 2 }, "e": {}, "f": 2 })
        );
    }

    #[test]
    fn what_cannot_be_done_is_refused_as_a_whole() {
        let document = json!({ "a": [1] });
        let failed = |operation: Value| json_patch(&document, &json!([operation])).unwrap_err();
        assert_eq!(
            failed(json!({ "op": "test", "path": "/a/0", "value": 2 })),
            PatchError::Test("/a/0".to_owned())
        );
        for operation in [
            json!({ "op": "remove", "path": "/x" }),
            json!({ "op": "add", "path": "/a/7", "value": 1 }),
            json!({ "op": "replace", "path": "/x/y", "value": 1 }),
            json!({ "op": "add", "path": "/a/0" }),
            json!({ "op": "burn", "path": "/a" }),
        ] {
            failed(operation);
        }
        assert_eq!(json_patch(&document, &json!({})), Err(PatchError::NoPatch));
    }
}
