//! Replacing a file as a whole: what may go, and what would be lost.

use super::*;
use kompox_domain::driver::TokenCommand;

fn command() -> TokenCommand {
    TokenCommand {
        command: "/bin/kompoxops".to_owned(),
        args: ["cluster", "token", "-C", "/here"].map(str::to_owned).into(),
        env: vec![("KOMPOX_ROOT".to_owned(), String::new())],
    }
}

/// What keeps a file from being replaced; nothing where it may be.
fn refused(text: &str) -> String {
    let checked = check_replaceable(text.as_bytes(), &access("c1", "https://c1"), &command());
    checked.err().map(|error| error.to_string()).unwrap_or_default()
}

/// What is written, after a change of it.
fn written(change: impl FnOnce(&mut Access, &mut Kubeconfig)) -> String {
    let mut access = access("c1", "https://c1");
    let mut config = access.to_kubeconfig();
    change(&mut access, &mut config);
    for ((list, content), (name, value)) in LISTS.iter().zip(access.entries()) {
        config.put(list, content, name, value.clone());
    }
    config.to_yaml()
}

#[test]
fn what_holds_nothing_or_only_what_is_written_again_may_go() {
    let access = access("c1", "https://c1");
    let ours = access.to_kubeconfig();
    let user = access.clone().with_token_command(&command());
    let elsewhere = TokenCommand {
        command: "/elsewhere/kompoxops".to_owned(),
        args: ["cluster", "token", "-C", "/there", "--config", "x"]
            .map(str::to_owned)
            .into(),
        env: Vec::new(),
    };
    for text in [
        String::new(),
        "\n \n".to_owned(),
        Kubeconfig::empty().to_yaml(),
        "kind: Config\nclusters: []\nusers: null\n".to_owned(),
        ours.to_yaml(),
        ours.to_json(),
        ours.to_yaml().replace("token: \"1e5\"", "token: other"),
        written(|access, _| access.user.remove("token")),
        user.to_kubeconfig().to_yaml(),
        access
            .clone()
            .with_token_command(&elsewhere)
            .to_kubeconfig()
            .to_json(),
    ] {
        assert_eq!(refused(&text), "", "{text}");
    }
    let user = check_replaceable(ours.to_yaml().as_bytes(), &user, &command());
    assert!(user.is_ok());
}

#[test]
fn whatever_else_it_holds_is_named_and_no_value_of_it() {
    let ours = access("c1", "https://c1").to_kubeconfig().to_yaml();
    let program = |change: fn(&mut TokenCommand)| {
        written(|access, _| {
            let mut command = command();
            change(&mut command);
            *access = access.clone().with_token_command(&command);
        })
    };
    let exec =
        |text: &str| written(|access, _| access.user.set("exec", parse(text).0.get("x").unwrap().clone()));
    let other = access("c2", "https://c1").to_kubeconfig();
    for (text, why) in [
        ("hunter2".to_owned(), "this is not a kubeconfig"),
        ("# hunter2\n".to_owned(), "it has comments"),
        (format!("{ours}# hunter2\n"), "it has comments"),
        (ours.replace('\n', "\r\n"), "it has comments"),
        (format!("\n{ours}"), "it has comments"),
        (
            "kind: Config\npreferences:\n  colors: true\n".to_owned(),
            "\"preferences\"",
        ),
        ("kind: Config\npreferences: {}\n".to_owned(), "\"preferences\""),
        (
            ours.replace("current-context: c1", "current-context: hunter2"),
            "\"current-context\"",
        ),
        (
            written(|_, config| config.0.set("extensions", Node::string("hunter2"))),
            "\"extensions\"",
        ),
        (other.to_yaml(), "another cluster: \"c2\""),
        (
            merged(&other, &access("c1", "https://c1")).to_yaml(),
            "another cluster: \"c2\"",
        ),
        (
            written(|access, _| access.cluster.set("server", Node::string("hunter2"))),
            "\"server\"",
        ),
        (
            written(|access, _| access.cluster.set("proxy-url", Node::string("hunter2"))),
            "\"proxy-url\"",
        ),
        (
            written(|access, _| access.context.set("namespace", Node::string("hunter2"))),
            "\"namespace\"",
        ),
        (
            written(|access, _| access.user.set("as", Node::string("hunter2"))),
            "\"as\"",
        ),
        (
            written(|access, _| *access = access.clone().with_handle("hunter2")),
            "\"extensions\"",
        ),
        (
            written(|access, _| access.cluster.set("token", Node::string("hunter2"))),
            "\"token\"",
        ),
        (
            ours.replace("  name: c1\nusers", "  name: c1\n  hunter2: x\nusers"),
            "beside \"hunter2\"",
        ),
        (
            program(|command| command.args = vec!["get-token".to_owned()]),
            "\"exec\"",
        ),
        (program(|command| command.args.truncate(1)), "\"exec\""),
        (
            program(|command| command.env = vec![("SECRET".to_owned(), "hunter2".to_owned())]),
            "\"exec\"",
        ),
        (exec("{kind: Config, x: hunter2}"), "\"exec\""),
        (
            exec("{kind: Config, x: {args: [cluster, token], installHint: x}}"),
            "\"exec\"",
        ),
        (
            exec("{kind: Config, x: {args: [cluster, token], env: [hunter2]}}"),
            "\"exec\"",
        ),
    ] {
        let refused = refused(&text);
        assert!(refused.contains(why), "{refused:?} about {text}");
        assert!(
            !refused.contains("hunter2") || refused.contains("\"hunter2\""),
            "{refused}"
        );
    }
}
