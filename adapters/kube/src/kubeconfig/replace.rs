//! Replacing a file as a whole: what would be lost with what it holds now.

use kompox_domain::cluster::TokenCommand;

use super::received::CREDENTIALS;
use super::{Access, Kubeconfig, LISTS, Node};

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
            .filter_map(Node::as_map)
        {
            if item.text("name") != Some(name) {
                return Err(lost(format!(
                    "it has another {content}: {:?}",
                    item.text("name").unwrap_or_default()
                )));
            }
            if let Some((key, _)) = item
                .0
                .iter()
                .find(|(key, _)| ![*content, "name"].contains(&&*key.text))
            {
                return Err(lost(format!("its {content} stands beside {:?}", key.text)));
            }
            let Some(before) = item.get(content).and_then(Node::as_map) else {
                continue;
            };
            let is_user = *content == "user";
            let goes = |key: &str, node: &Node| {
                is_user && (CREDENTIALS.contains(&key) || key == "exec" && is_program(node, command))
            };
            let mut fields = before.0.iter();
            let lost_one =
                fields.find(|(key, node)| value.get(&key.text) != Some(node) && !goes(&key.text, node));
            if let Some((key, _)) = lost_one {
                let key = &key.text;
                return Err(lost(format!("its {content} has {key:?}, which is not the same")));
            }
        }
    }
    for (key, node) in &found.0.0 {
        let is_list = LISTS.iter().any(|(list, _)| *list == key.text);
        if !is_list && new.0.get(&key.text) != Some(node) {
            return Err(lost(format!("it has {:?}, which is not the same", key.text)));
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
    let list = |field| match exec.get(field) {
        Some(Node::List(nodes)) => nodes.as_slice(),
        _ => &[],
    };
    let mut variables = list("env").iter().map(|variable| variable.as_map()?.text("name"));
    let is_known = |name: &str| command.env.iter().any(|(known, _)| known == name);
    let words = command.args.iter().take(2).map(|word| Some(word.as_str()));
    exec.0.iter().all(|(key, _)| PROGRAM.contains(&&*key.text))
        && list("args").iter().map(Node::as_text).take(2).eq(words)
        && variables.all(|name| name.is_some_and(is_known))
}

fn lost(why: impl Into<String>) -> Lost {
    Lost(why.into())
}
