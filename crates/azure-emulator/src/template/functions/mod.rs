//! The functions of the template language that depend on their arguments alone, and which functions there are.

mod collections;
mod logic;
mod numbers;
mod strings;

use serde_json::Value;

use super::error::{Problem, Result};

/// A function with how many arguments it takes.
pub(super) struct Function {
    /// In lower case.
    pub(super) name: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    pub(super) apply: fn(&Arguments<'_>) -> Result<Value>,
}

const fn function(
    name: &'static str,
    least: usize,
    most: usize,
    apply: fn(&Arguments<'_>) -> Result<Value>,
) -> Function {
    Function {
        name,
        least,
        most,
        apply,
    }
}

/// As many as anybody likes.
const ANY: usize = usize::MAX;

/// Functions that need what surrounds them; the evaluator has them. With how many arguments they take.
const SURROUNDED: &[(&str, usize, usize)] = &[
    ("parameters", 1, 1),
    ("variables", 1, 1),
    ("copyindex", 0, 2),
    ("if", 3, 3),
    ("lambda", 2, ANY),
    ("lambdavariables", 1, 1),
    ("map", 2, 2),
    ("filter", 2, 2),
    ("resourceid", 2, ANY),
    ("subscriptionresourceid", 2, ANY),
    ("extensionresourceid", 3, ANY),
    ("tenantresourceid", 2, ANY),
    ("subscription", 0, 0),
    ("resourcegroup", 0, 0),
    ("tenant", 0, 0),
    ("deployer", 0, 0),
    ("deployment", 0, 0),
    ("environment", 0, 0),
    ("reference", 1, 3),
];

/// Functions that ARM has and this program has not: they are refused as what they are.
const NOT_SERVED: &[&str] = &[
    "base64tojson",
    "base64tostring",
    "cidrhost",
    "cidrsubnet",
    "datauri",
    "datauritostring",
    "datetimeadd",
    "datetimefromepoch",
    "datetimetoepoch",
    "fail",
    "float",
    "groupby",
    "listaccountsas",
    "listkeys",
    "listkeyvalue",
    "listsecrets",
    "listservicesas",
    "managementgroup",
    "managementgroupresourceid",
    "mapvalues",
    "newguid",
    "parsecidr",
    "parseversion",
    "pickzones",
    "providers",
    "reduce",
    "references",
    "sort",
    "toobject",
    "tologicalzone",
    "tophysicalzone",
    "uri",
    "uricomponent",
    "uricomponenttostring",
    "utcnow",
];

fn all() -> impl Iterator<Item = &'static Function> {
    [
        strings::FUNCTIONS,
        collections::FUNCTIONS,
        numbers::FUNCTIONS,
        logic::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// The function with this name, if it depends on its arguments alone.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// Refuses a function that there is none of, and a number of arguments that it does not take.
pub(super) fn check(name: &str, given: usize) -> Result<()> {
    let surrounded = SURROUNDED
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
        .map(|(_, least, most)| (*least, *most));
    let bounds = surrounded.or_else(|| find(name).map(|function| (function.least, function.most)));
    let Some((least, most)) = bounds else {
        return Err(unknown(name));
    };
    if (least..=most).contains(&given) {
        return Ok(());
    }
    let wanted = match (least, most) {
        (least, ANY) => format!("at least '{least}'"),
        (least, most) if least == most => format!("'{least}'"),
        (least, most) => format!("'{least}' to '{most}'"),
    };
    Err(Problem::template(format!(
        "Unable to evaluate template language function '{name}': function requires {wanted} argument(s) while '{given}' \
         were provided. Please see https://aka.ms/arm-functions#{} for usage details.",
        name.to_ascii_lowercase()
    )))
}

fn unknown(name: &str) -> Problem {
    if name.contains('.') {
        return Problem::template(format!(
            "This embedded Azure does not evaluate functions of a template's own, such as '{name}'."
        ));
    }
    let lower = name.to_ascii_lowercase();
    if NOT_SERVED.contains(&lower.as_str()) || lower.starts_with("list") {
        return Problem::template(format!(
            "This embedded Azure does not evaluate the template function '{name}'."
        ));
    }
    Problem::template(format!(
        "The template function '{name}' is not valid. Please see https://aka.ms/arm-functions for usage details."
    ))
}

/// The arguments of one call, evaluated.
pub(super) struct Arguments<'a> {
    /// As written, for messages.
    pub(super) function: &'a str,
    pub(super) values: &'a [Value],
}

impl Arguments<'_> {
    fn len(&self) -> usize {
        self.values.len()
    }

    /// An argument; where it is missing it is `null`.
    fn value(&self, index: usize) -> &Value {
        self.values.get(index).unwrap_or(&Value::Null)
    }

    fn text(&self, index: usize) -> Result<&str> {
        self.value(index)
            .as_str()
            .ok_or_else(|| self.wrong_type(index, "String"))
    }

    fn integer(&self, index: usize) -> Result<i64> {
        self.value(index)
            .as_i64()
            .ok_or_else(|| self.wrong_type(index, "Integer"))
    }

    fn boolean(&self, index: usize) -> Result<bool> {
        self.value(index)
            .as_bool()
            .ok_or_else(|| self.wrong_type(index, "Boolean"))
    }

    fn array(&self, index: usize) -> Result<&Vec<Value>> {
        self.value(index)
            .as_array()
            .ok_or_else(|| self.wrong_type(index, "Array"))
    }

    /// An argument that counts something.
    fn count(&self, index: usize) -> Result<usize> {
        Ok(usize::try_from(self.integer(index)?).unwrap_or(0))
    }

    fn wrong_type(&self, index: usize, expected: &str) -> Problem {
        Problem::template(format!(
            "The template language function '{}' expects its parameter '{}' to be of type '{expected}'. The provided \
             value is of type '{}'. Please see https://aka.ms/arm-functions#{} for usage details.",
            self.function,
            index + 1,
            type_name(self.value(index)),
            self.function.to_ascii_lowercase()
        ))
    }

    fn wrong(&self, reason: &str) -> Problem {
        Problem::template(format!(
            "Unable to evaluate template language function '{}': {reason}. Please see \
             https://aka.ms/arm-functions#{} for usage details.",
            self.function,
            self.function.to_ascii_lowercase()
        ))
    }
}

/// How ARM's messages call the type of a value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "Float",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "Array",
        Value::Object(_) => "Object",
    }
}

/// A value as text, as `string()` and `format()` write it: booleans as .NET does, objects as JSON.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
