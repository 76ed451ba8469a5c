//! Outputs of a template.

use serde_json::{Map, Value, json};

use super::document::entries;
use super::error::{Result, TemplateError};
use super::evaluator::{Evaluator, Frame};
use super::parameters::Kind;

/// The outputs as answers show them.
///
/// Their names come back as .NET's camel case makes them, `AZURE_LOCATION` as `azurE_LOCATION`; whoever reads them
/// must not look at case.
pub fn evaluate(template: &Value, evaluator: &Evaluator<'_>) -> Result<Value> {
    let mut outputs = Map::new();
    let frame = Frame::default();
    let before = Evaluator::new(evaluator.context());
    for (name, definition) in entries(template, "outputs")? {
        let place = format!("The template output '{name}' is not valid");
        let evaluated = evaluate_one(definition, name, evaluator, &before, &frame);
        if let Some(output) = evaluated.map_err(|problem| problem.at(&place))? {
            outputs.insert(camel_case(name), output);
        }
    }
    Ok(outputs.into())
}

fn evaluate_one(
    definition: &Value,
    name: &str,
    evaluator: &Evaluator<'_>,
    before: &Evaluator<'_>,
    frame: &Frame,
) -> Result<Option<Value>> {
    let kind = Kind::read(definition, &format!("the output '{name}'"))?;
    if let Some(condition) = definition.get("condition") {
        match before.value(condition, frame)? {
            Value::Bool(true) => {}
            Value::Bool(false) => return Ok(None),
            _ => return Err(TemplateError::template("The condition must be a boolean")),
        }
    }
    let value = match (definition.get("copy"), definition.get("value")) {
        (Some(copy), _) => (0..evaluator.count(name, &copy["count"], frame)?)
            .map(|index| evaluator.value(&copy["input"], &frame.turn("", index, true)))
            .collect::<Result<Vec<_>>>()?
            .into(),
        (None, Some(value)) => evaluator.value(value, frame)?,
        (None, None) => {
            return Err(TemplateError::template(
                "The output has neither 'value' nor 'copy'",
            ));
        }
    };
    kind.check(&value)?;
    Ok(Some(if kind.is_secure() {
        json!({ "type": kind.name() })
    } else {
        json!({ "type": kind.name(), "value": value })
    }))
}

/// The leading capitals of a name in lower case, but for the last before a small letter.
fn camel_case(name: &str) -> String {
    let mut characters: Vec<char> = name.chars().collect();
    if !characters.first().is_some_and(|first| first.is_uppercase()) {
        return name.to_owned();
    }
    for place in 0..characters.len() {
        if place == 1 && !characters[1].is_uppercase() {
            break;
        }
        if place > 0 && characters.get(place + 1).is_some_and(|next| !next.is_uppercase()) {
            break;
        }
        characters[place] = characters[place].to_ascii_lowercase();
    }
    characters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::camel_case;

    #[test]
    fn names_of_outputs_are_camel_cased_as_newtonsoft_does() {
        for (name, expected) in [
            ("AZURE_LOCATION", "azurE_LOCATION"),
            ("Name", "name"),
            ("ID", "id"),
            ("IPAddress", "ipAddress"),
            ("lower", "lower"),
            ("A", "a"),
            ("", ""),
        ] {
            assert_eq!(camel_case(name), expected);
        }
    }
}
