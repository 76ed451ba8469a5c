//! The functions of the template language that depend on their arguments alone, and which functions there are.

mod collections;
mod function;
mod logic;
mod numbers;
mod strings;

use crate::error::{Result, TemplateError};
pub(crate) use function::Arguments;
use function::{ANY, Function};

/// Functions that need what surrounds them; the evaluator has them. With how many arguments they take.
const CONTEXTUAL: &[(&str, usize, usize)] = &[
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
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name.eq_ignore_ascii_case(name))
}

/// Refuses a function that there is none of, and a number of arguments that it does not take.
pub(crate) fn check(name: &str, given: usize) -> Result<()> {
    let contextual = CONTEXTUAL
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
        .map(|(_, least, most)| (*least, *most));
    let bounds = contextual.or_else(|| find(name).map(|function| (function.least, function.most)));
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
    Err(TemplateError::template(format!(
        "Unable to evaluate template language function '{name}': function requires {wanted} argument(s) while '{given}' \
         were provided. Please see https://aka.ms/arm-functions#{} for usage details.",
        name.to_ascii_lowercase()
    )))
}

fn unknown(name: &str) -> TemplateError {
    if name.contains('.') {
        return TemplateError::template(format!(
            "This embedded Azure does not evaluate functions of a template's own, such as '{name}'."
        ));
    }
    let lower = name.to_ascii_lowercase();
    if NOT_SERVED.contains(&lower.as_str()) || lower.starts_with("list") {
        return TemplateError::template(format!(
            "This embedded Azure does not evaluate the template function '{name}'."
        ));
    }
    TemplateError::template(format!(
        "The template function '{name}' is not valid. Please see https://aka.ms/arm-functions for usage details."
    ))
}
