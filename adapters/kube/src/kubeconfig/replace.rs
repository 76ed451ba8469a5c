//! Replacing a file as a whole: what would be lost with what it holds now.

use kompox_domain::driver::TokenCommand;

use kompox_yaml::{Node, Value};

use super::received::CREDENTIALS;
use super::{Access, Kubeconfig, LISTS};

/// The fields of a program for tokens.
const PROGRAM: [&str; 6] = [
    "apiVersion",
    "command",
    "args",
    "env",
    "interactiveMode",
    "provideClusterInfo",
];

/// What a file holds that would be lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Lost(String);

/// Checks that a file may be replaced by one way into one cluster: it holds nothing, or only what would be written
/// again, the credential aside. A credential is also the program for tokens that `command` is.
///
/// # Errors
/// [`Lost`], which names what would be lost but shows no value.
pub fn check_replaceable(bytes: &[u8], access: &Access, command: &TokenCommand) -> Result<(), Lost> {
    if bytes.trim_ascii().is_empty() {
        return Ok(());
    }
    let found = Kubeconfig::parse(bytes).map_err(|error| lost(error.to_string()))?;
    // Neither comments nor a layout of somebody's own are in the tree.
    if [found.to_yaml(), found.to_json()]
        .iter()
        .all(|text| text.as_bytes() != bytes)
    {
        return Err(lost("it has comments, or a layout of its own"));
    }
    let new = access.to_kubeconfig();
    for ((list, content), (name, value)) in LISTS.iter().zip(access.entries()) {
        for item in found
            .items(list)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.as_map())
        {
            if item.text("name") != Some(name) {
                return Err(lost(format!(
                    "it has another {content}: {:?}",
                    item.text("name").unwrap_or_default()
                )));
            }
            let mut fields = item.iter().map(|entry| entry.key.text.as_str());
            if let Some(key) = fields.find(|key| ![*content, "name"].contains(key)) {
                return Err(lost(format!("its {content} stands beside {key:?}")));
            }
            let Some(before) = item.get(content).and_then(Node::as_map) else {
                continue;
            };
            let is_user = *content == "user";
            let goes = |key: &str, node: &Node| {
                is_user && (CREDENTIALS.contains(&key) || key == "exec" && is_program(node, command))
            };
            let mut fields = before.iter().map(|entry| (entry.key.text.as_str(), &*entry.node));
            let lost_one = fields.find(|(key, node)| value.get(key) != Some(node) && !goes(key, node));
            if let Some((key, _)) = lost_one {
                return Err(lost(format!("its {content} has {key:?}, which is not the same")));
            }
        }
    }
    for (key, node) in found
        .0
        .iter()
        .map(|entry| (entry.key.text.as_str(), &*entry.node))
    {
        let is_list = LISTS.iter().any(|(list, _)| *list == key);
        if !is_list && new.0.get(key) != Some(node) {
            return Err(lost(format!("it has {key:?}, which is not the same")));
        }
    }
    Ok(())
}

/// Whether a user's program is this one: the command by which it gives out tokens is told by its first two words. What
/// follows says which configuration is meant.
fn is_program(exec: &Node, command: &TokenCommand) -> bool {
    let Some(exec) = exec.as_map() else {
        return false;
    };
    let list = |field| match exec.get(field).map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes.as_slice(),
        _ => &[],
    };
    let mut variables = list("env").iter().map(|variable| variable.as_map()?.text("name"));
    let is_known = |name: &str| command.env.iter().any(|(known, _)| known == name);
    let words = command.args.iter().take(2).map(|word| Some(word.as_str()));
    exec.iter()
        .all(|entry| PROGRAM.contains(&entry.key.text.as_str()))
        && list("args").iter().map(|word| word.text()).take(2).eq(words)
        && variables.all(|name| name.is_some_and(is_known))
}

fn lost(why: impl Into<String>) -> Lost {
    Lost(why.into())
}
