//! From a template to the resources it deploys, with what each waits for.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::document::{self, is_deployment, referred};
use super::error::{Result, TemplateError};
use super::evaluator::{Evaluator, Frame, Iteration};
use super::ids;

/// One resource to deploy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Planned {
    /// Its ARM id.
    pub id: String,
    /// `Namespace/type`, as written.
    pub kind: String,
    /// Of nested resources with the names above.
    pub name: String,
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its condition.
    pub enabled: bool,
    /// What it is called in the template, of a loop with the turn: `name[0]`. Only where the language has such names.
    #[serde(default)]
    pub symbol: Option<String>,
    /// It is there already: nothing is sent, and it can be referred to.
    #[serde(default)]
    pub existing: bool,
    /// The loops it is in.
    pub turns: Vec<Iteration>,
    /// What is sent, not evaluated.
    pub body: Map<String, Value>,
    /// Places in the plan of those it waits for.
    pub needs: Vec<usize>,
}

impl Planned {
    /// Whether it is a nested deployment.
    pub fn is_deployment(&self) -> bool {
        self.kind.eq_ignore_ascii_case(document::DEPLOYMENT)
    }

    /// What is sent. Of a nested deployment the template stays as it is.
    pub fn evaluated(&self, evaluator: &Evaluator<'_>) -> Result<Value> {
        let frame = Frame::within(&self.turns);
        let before = Evaluator::new(evaluator.context());
        let mut body = Map::new();
        for (key, value) in &self.body {
            let value = match (key.as_str(), value) {
                ("properties", Value::Object(properties)) if self.is_deployment() => {
                    let mut evaluated = Map::new();
                    for (key, value) in properties {
                        let value = match key.as_str() {
                            "template" => value.clone(),
                            _ => evaluator.value(value, &frame)?,
                        };
                        evaluated.insert(key.clone(), value);
                    }
                    evaluated.into()
                }
                ("properties", value) => evaluator.value(value, &frame)?,
                (_, value) => before.value(value, &frame)?,
            };
            body.insert(key.clone(), value);
        }
        Ok(body.into())
    }
}

/// Members of a resource that are for ARM, not for the resource's provider.
const OURS: &[&str] = &[
    "name",
    "type",
    "apiVersion",
    "condition",
    "copy",
    "dependsOn",
    "scope",
    "existing",
    "comments",
    "metadata",
    "resources",
    "resourceGroup",
    "subscriptionId",
];

/// A resource with what it depends on, before that is looked up.
struct Draft {
    planned: Planned,
    /// As written, evaluated.
    depends_on: Vec<String>,
    /// The loop it comes from.
    copy: Option<String>,
    /// Of a serial loop: the turn before it must be done.
    after: Option<usize>,
}

/// What a template has brought so far.
#[derive(Default)]
struct Drafts {
    all: Vec<Draft>,
    /// Names of the loops; one of no turns is there all the same.
    loops: Vec<String>,
}

/// The resources of a template, in its order.
///
/// `scope` is the id of the group or subscription it is deployed to.
pub fn plan(template: &Value, evaluator: &Evaluator<'_>, scope: &str) -> Result<Vec<Planned>> {
    let mut drafts = Drafts::default();
    for (symbol, resource) in document::resources(template)? {
        add(&mut drafts, evaluator, scope, (symbol, resource), None)?;
    }
    let Drafts { all: drafts, loops } = drafts;
    for (place, draft) in drafts.iter().enumerate() {
        let again = drafts[..place]
            .iter()
            .find(|other| other.planned.id.eq_ignore_ascii_case(&draft.planned.id));
        let deployed = |planned: &Planned| planned.enabled && !planned.existing;
        if let Some(other) = again
            && deployed(&other.planned)
            && deployed(&draft.planned)
        {
            return Err(TemplateError::template(format!(
                "The resource '{}' is defined multiple times in a template. Please see \
                 https://aka.ms/arm-syntax-resources for usage details.",
                draft.planned.id
            )));
        }
    }
    let needs = drafts
        .iter()
        .enumerate()
        .map(|(place, _)| needs(&drafts, &loops, place, evaluator))
        .collect::<Result<Vec<_>>>()?;
    let planned: Vec<Planned> = drafts
        .into_iter()
        .zip(needs)
        .map(|(draft, needs)| Planned {
            needs,
            ..draft.planned
        })
        .collect();
    refuse_cycles(&planned)?;
    Ok(beyond_existing(planned))
}

/// Whoever waits for a resource that is there already waits for what that waits for.
fn beyond_existing(mut planned: Vec<Planned>) -> Vec<Planned> {
    for place in 0..planned.len() {
        let mut needs = planned[place].needs.clone();
        let mut seen = 0;
        while let Some(need) = needs.get(seen).copied() {
            seen += 1;
            if planned[need].existing {
                let more: Vec<usize> = planned[need]
                    .needs
                    .iter()
                    .copied()
                    .filter(|more| !needs.contains(more))
                    .collect();
                needs.extend(more);
            }
        }
        needs.sort_unstable();
        planned[place].needs = needs;
    }
    planned
}

/// The resource that a nested one is written in.
struct Above<'a> {
    kind: &'a str,
    name: &'a str,
    turns: &'a [Iteration],
    enabled: bool,
}

fn add(
    drafts: &mut Drafts,
    evaluator: &Evaluator<'_>,
    scope: &str,
    (symbol, resource): (Option<&str>, &Value),
    above: Option<&Above<'_>>,
) -> Result<()> {
    let frame = Frame::within(above.map_or(&[], |above| above.turns));
    let written = resource["name"].as_str().unwrap_or_default();
    let place = format!("The template resource '{written}' is not valid");
    let Some(copy) = resource.get("copy") else {
        let named = (symbol.map(str::to_owned), resource);
        return add_one(drafts, evaluator, scope, named, above, &frame, None, None)
            .map_err(|problem| problem.at(&place));
    };
    let name = copy["name"]
        .as_str()
        .ok_or_else(|| TemplateError::template("The copy of a resource must have a 'name'").at(&place))?;
    let serial = copy["mode"]
        .as_str()
        .is_some_and(|mode| mode.eq_ignore_ascii_case("serial"));
    let batch = usize::try_from(copy["batchSize"].as_i64().unwrap_or(1))
        .unwrap_or(1)
        .max(1);
    let count = evaluator
        .count(name, &copy["count"], &frame)
        .map_err(|problem| problem.at(&place))?;
    // With symbolic names that is what others call the loop by.
    let called = symbol.unwrap_or(name);
    drafts.loops.push(called.to_owned());
    let first = drafts.all.len();
    for index in 0..count {
        let turn = frame.turn(name, index, true);
        let done = drafts.all.len() - first;
        let after = (serial && done >= batch).then(|| drafts.all.len() - batch);
        let named = (symbol.map(|symbol| format!("{symbol}[{index}]")), resource);
        add_one(drafts, evaluator, scope, named, above, &turn, Some(called), after)
            .map_err(|problem| problem.at(&place))?;
    }
    Ok(())
}

#[expect(
    clippy::too_many_arguments,
    reason = "they are what a resource is made of, each used once"
)]
fn add_one(
    drafts: &mut Drafts,
    evaluator: &Evaluator<'_>,
    scope: &str,
    (symbol, resource): (Option<String>, &Value),
    above: Option<&Above<'_>>,
    frame: &Frame,
    copy: Option<&str>,
    after: Option<usize>,
) -> Result<()> {
    let before = Evaluator::new(evaluator.context());
    let text = |key: &str| -> Result<Option<String>> {
        let Some(value) = resource.get(key) else {
            return Ok(None);
        };
        match before.value(value, frame)? {
            Value::String(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            _ => Err(TemplateError::template(format!(
                "The property '{key}' must be a string"
            ))),
        }
    };
    let mut kind = text("type")?.unwrap_or_default();
    let mut name = text("name")?.unwrap_or_default();
    if let Some(above) = above {
        kind = format!("{}/{kind}", above.kind);
        name = format!("{}/{name}", above.name);
    }
    if name.is_empty() {
        return Err(TemplateError::template("The resource name must not be empty"));
    }
    let condition = match resource.get("condition") {
        None => true,
        Some(condition) => match before.value(condition, frame)? {
            Value::Bool(condition) => condition,
            Value::String(text) if text.eq_ignore_ascii_case("true") => true,
            Value::String(text) if text.eq_ignore_ascii_case("false") => false,
            _ => {
                return Err(TemplateError::template(
                    "The condition of a resource must be a boolean",
                ));
            }
        },
    };
    let enabled = condition && above.is_none_or(|above| above.enabled);
    let existing = document::is_existing(resource);
    // Both may be somewhere else: a deployment goes there, and what is there already is looked for there.
    let scope_of_it = match (text("scope")?, existing || is_deployment(resource)) {
        (Some(own), _) if own.starts_with('/') => own.trim_end_matches('/').to_owned(),
        (Some(own), _) => relative(scope, &own)?,
        (None, true) => {
            let subscription = text("subscriptionId")?;
            let group = text("resourceGroup")?;
            elsewhere(scope, subscription.as_deref(), group.as_deref())
        }
        (None, false) => scope.to_owned(),
    };
    let id = ids::of_resource(&scope_of_it, &kind, &name)?;
    let depends_on = match resource.get("dependsOn") {
        None => Vec::new(),
        Some(depends_on) => match before.value(depends_on, frame)? {
            Value::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    Value::String(item) => Ok(item),
                    _ => Err(TemplateError::template(
                        "The entries of 'dependsOn' must be strings",
                    )),
                })
                .collect::<Result<_>>()?,
            _ => {
                return Err(TemplateError::template(
                    "The property 'dependsOn' must be an array",
                ));
            }
        },
    };
    let body = resource
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| !OURS.iter().any(|ours| ours.eq_ignore_ascii_case(key)))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    drafts.all.push(Draft {
        planned: Planned {
            id,
            kind: kind.clone(),
            name: name.clone(),
            api_version: text("apiVersion")?.unwrap_or_default(),
            enabled,
            symbol,
            existing,
            turns: frame.turns.clone(),
            body,
            needs: Vec::new(),
        },
        depends_on,
        copy: copy.map(str::to_owned),
        after,
    });
    let here = Above {
        kind: &kind,
        name: &name,
        turns: &frame.turns,
        enabled,
    };
    for child in resource["resources"].as_array().into_iter().flatten() {
        add(drafts, evaluator, &scope_of_it, (None, child), Some(&here))?;
    }
    Ok(())
}

/// `Namespace/type/name/…` as the id of a resource in a scope.
fn relative(scope: &str, written: &str) -> Result<String> {
    let segments: Vec<&str> = written.split('/').collect();
    if segments.len() < 3 || segments.len().is_multiple_of(2) {
        return Err(TemplateError::template(format!(
            "The scope '{written}' is no resource"
        )));
    }
    Ok(format!("{scope}/providers/{written}"))
}

/// Where a nested deployment goes: by itself where its parent goes.
fn elsewhere(scope: &str, subscription: Option<&str>, group: Option<&str>) -> String {
    let parts: Vec<&str> = scope.split('/').collect();
    let own_subscription = parts.get(2).copied().unwrap_or_default();
    let base = format!("/subscriptions/{}", subscription.unwrap_or(own_subscription));
    let own_group = parts.get(4).copied().filter(|_| subscription.is_none());
    match group.or(own_group) {
        Some(group) => format!("{base}/resourceGroups/{group}"),
        None => base,
    }
}

fn needs(drafts: &[Draft], loops: &[String], place: usize, evaluator: &Evaluator<'_>) -> Result<Vec<usize>> {
    let draft = &drafts[place];
    let mut needs = Vec::new();
    for written in &draft.depends_on {
        let found = lookup(drafts, written);
        if found.is_empty() && !loops.iter().any(|name| name.eq_ignore_ascii_case(written)) {
            return Err(TemplateError::template(format!(
                "The resource '{written}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage \
                 details."
            ))
            .at(&format!("The template resource '{}' is not valid", draft.planned.name)));
        }
        needs.extend(found);
    }
    needs.extend(draft.after);
    // Referring to a resource of the template by its name is waiting for it.
    let mut names = Vec::new();
    if let Some(properties) = draft.planned.body.get("properties") {
        referred(properties, &mut names);
    }
    let before = Evaluator::new(evaluator.context());
    let frame = Frame::within(&draft.planned.turns);
    for name in names {
        // A name that needs more than is known here (a property loop's turn) makes no dependency by itself.
        if let Ok(Value::String(name)) = before.named(&name, &frame)
            && !name.starts_with('/')
        {
            needs.extend(lookup(drafts, &name));
        }
    }
    needs.sort_unstable();
    needs.dedup();
    needs.retain(|other| *other != place || draft.depends_on.iter().any(|own| is(&draft.planned, own)));
    Ok(needs)
}

/// Resources by id, by name, by type and name, or by the name of their loop.
fn lookup(drafts: &[Draft], written: &str) -> Vec<usize> {
    let of_loop = |draft: &Draft| {
        draft
            .copy
            .as_deref()
            .is_some_and(|copy| copy.eq_ignore_ascii_case(written))
    };
    drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| is(&draft.planned, written) || of_loop(draft))
        .map(|(place, _)| place)
        .collect()
}

/// Whether a resource is called so: by its id, by its symbolic name where it has one, else by its own.
pub fn is(planned: &Planned, written: &str) -> bool {
    if written.starts_with('/') {
        return ids::canonical(written).eq_ignore_ascii_case(&planned.id);
    }
    if let Some(symbol) = &planned.symbol {
        return symbol.eq_ignore_ascii_case(written);
    }
    planned.name.eq_ignore_ascii_case(written)
        || planned
            .id
            .to_ascii_lowercase()
            .ends_with(&format!("/providers/{}", written.to_ascii_lowercase()))
}

fn refuse_cycles(planned: &[Planned]) -> Result<()> {
    let mut done = vec![false; planned.len()];
    loop {
        let ready: Vec<usize> = (0..planned.len())
            .filter(|place| !done[*place] && planned[*place].needs.iter().all(|need| done[*need]))
            .collect();
        if ready.is_empty() {
            break;
        }
        for place in ready {
            done[place] = true;
        }
    }
    match (0..planned.len()).find(|place| !done[*place]) {
        None => Ok(()),
        Some(stuck) => Err(TemplateError::template(format!(
            "Circular dependency detected on resource: '{}'. Please see https://aka.ms/arm-syntax-resources for usage \
             details.",
            planned[stuck].id
        ))),
    }
}

#[cfg(test)]
mod tests;
