//! Functions of strings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use uuid::Uuid;

use super::function::{ANY, Arguments, Function, function};
use crate::error::Result;
use crate::unique::unique_string;
use crate::values::as_text;

pub(super) const FUNCTIONS: &[Function] = &[
    function("format", 1, ANY, format),
    function("tolower", 1, 1, |a| Ok(a.text(0)?.to_lowercase().into())),
    function("toupper", 1, 1, |a| Ok(a.text(0)?.to_uppercase().into())),
    function("trim", 1, 1, |a| Ok(a.text(0)?.trim().into())),
    function("uniquestring", 1, ANY, |a| Ok(unique_string(&dashed(a)?).into())),
    function("guid", 1, ANY, guid),
    function("substring", 2, 3, substring),
    function("split", 2, 2, split),
    function("join", 2, 2, join),
    function("replace", 3, 3, |a| {
        let (text, old, new) = (a.text(0)?, a.text(1)?, a.text(2)?);
        if old.is_empty() {
            return Err(a.wrong("the string to replace is empty"));
        }
        Ok(text.replace(old, new).into())
    }),
    function("string", 1, 1, |a| Ok(as_text(a.value(0)).into())),
    function("startswith", 2, 2, |a| {
        Ok(a.text(0)?
            .to_lowercase()
            .starts_with(&a.text(1)?.to_lowercase())
            .into())
    }),
    function("endswith", 2, 2, |a| {
        Ok(a.text(0)?
            .to_lowercase()
            .ends_with(&a.text(1)?.to_lowercase())
            .into())
    }),
    function("padleft", 2, 3, pad_left),
    function("base64", 1, 1, |a| Ok(STANDARD.encode(a.text(0)?).into())),
];

/// The namespace of ARM's `guid()`.
const GUID_NAMESPACE: Uuid = Uuid::from_u128(0x11fb_06fb_712d_4ddd_98c7_e71b_bd58_8830);

fn dashed(arguments: &Arguments<'_>) -> Result<String> {
    let texts: Vec<&str> = (0..arguments.len())
        .map(|index| arguments.text(index))
        .collect::<Result<_>>()?;
    Ok(texts.join("-"))
}

fn guid(arguments: &Arguments<'_>) -> Result<Value> {
    let name = dashed(arguments)?;
    Ok(Uuid::new_v5(&GUID_NAMESPACE, name.as_bytes()).to_string().into())
}

/// .NET's composite format: `{0}`, `{1:D3}`, `{{` and `}}`.
fn format(arguments: &Arguments<'_>) -> Result<Value> {
    let mut rest = arguments.text(0)?.chars().peekable();
    let malformed = || arguments.wrong("the format is invalid");
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '{' | '}' if rest.next_if_eq(&c).is_some() => text.push(c),
            '}' => return Err(malformed()),
            '{' => {
                let mut place = String::new();
                loop {
                    match rest.next() {
                        Some('}') => break,
                        Some(other) => place.push(other),
                        None => return Err(malformed()),
                    }
                }
                let (index, how) = place.split_once(':').unwrap_or((&place, ""));
                let index: usize = index.trim().parse().map_err(|_| malformed())?;
                if index + 1 >= arguments.len() {
                    return Err(arguments.wrong(&format!("there is no argument '{index}'")));
                }
                text.push_str(&formatted(arguments, arguments.value(index + 1), how)?);
            }
            other => text.push(other),
        }
    }
    Ok(text.into())
}

fn formatted(arguments: &Arguments<'_>, value: &Value, how: &str) -> Result<String> {
    let Some(kind) = how.chars().next() else {
        return Ok(as_text(value));
    };
    let width = match &how[kind.len_utf8()..] {
        "" => Some(0),
        digits => digits.parse::<usize>().ok(),
    };
    match (kind, width, value.as_i64()) {
        ('D' | 'd', Some(width), Some(number)) if width < 100 => {
            let sign = if number < 0 { "-" } else { "" };
            Ok(format!("{sign}{:0width$}", number.unsigned_abs()))
        }
        ('X', Some(width), Some(number)) if width < 100 => Ok(format!("{number:0width$X}")),
        ('x', Some(width), Some(number)) if width < 100 => Ok(format!("{number:0width$x}")),
        _ => Err(arguments.wrong(&format!("this embedded Azure does not serve the format '{how}'"))),
    }
}

fn substring(arguments: &Arguments<'_>) -> Result<Value> {
    let text: Vec<char> = arguments.text(0)?.chars().collect();
    let start = arguments.integer(1)?;
    let length = match arguments.len() {
        3 => Some(arguments.integer(2)?),
        _ => None,
    };
    let outside = || arguments.wrong("the index and length must refer to a location within the string");
    let start = usize::try_from(start).map_err(|_| outside())?;
    let end = match length {
        None => text.len(),
        Some(length) => start.saturating_add(usize::try_from(length).map_err(|_| outside())?),
    };
    let part = text.get(start..end).ok_or_else(outside)?;
    Ok(part.iter().collect::<String>().into())
}

fn split(arguments: &Arguments<'_>) -> Result<Value> {
    let text = arguments.text(0)?;
    let delimiters: Vec<&str> = match arguments.value(1) {
        Value::String(delimiter) => vec![delimiter],
        Value::Array(delimiters) => delimiters
            .iter()
            .map(|delimiter| {
                delimiter
                    .as_str()
                    .ok_or_else(|| arguments.wrong_type(1, "String"))
            })
            .collect::<Result<_>>()?,
        _ => return Err(arguments.wrong_type(1, "String")),
    };
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let next = delimiters
            .iter()
            .filter(|delimiter| !delimiter.is_empty())
            .filter_map(|delimiter| rest.find(delimiter).map(|at| (at, delimiter.len())))
            .min();
        let Some((at, length)) = next else { break };
        parts.push(Value::from(&rest[..at]));
        rest = &rest[at + length..];
    }
    parts.push(rest.into());
    Ok(parts.into())
}

fn join(arguments: &Arguments<'_>) -> Result<Value> {
    let parts: Vec<String> = arguments.array(0)?.iter().map(as_text).collect();
    Ok(parts.join(arguments.text(1)?).into())
}

fn pad_left(arguments: &Arguments<'_>) -> Result<Value> {
    let text = as_text(arguments.value(0));
    let width = arguments.count(1)?;
    let filler = match arguments.len() {
        3 => {
            let mut characters = arguments.text(2)?.chars();
            match (characters.next(), characters.next()) {
                (Some(one), None) => one,
                _ => return Err(arguments.wrong("the padding must be a single character")),
            }
        }
        _ => ' ',
    };
    let missing = width.min(MAX_TEXT).saturating_sub(text.chars().count());
    let padding: String = std::iter::repeat_n(filler, missing).collect();
    Ok(format!("{padding}{text}").into())
}

/// Longer strings ARM does not take either.
const MAX_TEXT: usize = 131_072;
