//! Kubeconfig files: reading, writing, merging.

use kompox_domain::cluster::TokenCommand;
use proptest::collection::vec;
use proptest::prelude::*;

use super::tree::{Scalar, Style};
use super::*;

const HANDLE: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/aks-1";

fn parse(text: &str) -> Kubeconfig {
    Kubeconfig::parse(text.as_bytes()).unwrap()
}

fn refusal(text: &[u8]) -> String {
    let Err(error) = Kubeconfig::parse(text) else {
        panic!("{} is taken for a kubeconfig", String::from_utf8_lossy(text))
    };
    error.to_string()
}

fn access(name: &str, server: &str) -> Access {
    let text = format!(
        "{{apiVersion: v1, kind: Config, current-context: a,
          clusters: [{{name: b, cluster: {{server: '{server}', certificate-authority-data: Q0E=}}}}],
          users: [{{name: c, user: {{client-certificate-data: Q0VSVA==, client-key-data: S0VZ, token: 1e5}}}}],
          contexts: [{{name: a, context: {{cluster: b, user: c}}}}]}}"
    );
    parse(&text).current().unwrap().renamed(name).with_handle(HANDLE)
}

fn merged(into: &Kubeconfig, access: &Access) -> Kubeconfig {
    into.merge(access, MergeOptions::default())
        .map_err(|clash| clash.to_string())
        .unwrap()
        .config
}

const OTHERS: &str = "\
# of somebody
apiVersion: v1
clusters:
- cluster:
    extensions:
    - extension:
        last-update: Thu, 01 Jan 1970 00:00:00 UTC
        version: v1.32.0
      name: cluster_info
    insecure-skip-tls-verify: yes
    server: https://10.0.0.1:6443/prefix
  name: '007'
contexts:
- context: {cluster: '007', user: \"yes\", namespace: null}
  name: 1e3
current-context: 1e3
kind: Config
preferences:
  colors: true
unheard-of: [1, 0x1F, ~, '', \"a\\tb\", [], {}]
users:
- name: \"yes\"
  user:
    token: |
      eyJ
      more
- name: nobody
";

#[test]
fn a_file_is_written_as_it_was_meant() {
    let written = parse(OTHERS).to_yaml();
    let expected = "\
apiVersion: v1
clusters:
- cluster:
    extensions:
    - extension:
        last-update: \"Thu, 01 Jan 1970 00:00:00 UTC\"
        version: v1.32.0
      name: cluster_info
    insecure-skip-tls-verify: yes
    server: https://10.0.0.1:6443/prefix
  name: '007'
contexts:
- context:
    cluster: '007'
    user: \"yes\"
    namespace: null
  name: 1e3
current-context: 1e3
kind: Config
preferences:
  colors: true
unheard-of:
- 1
- 0x1F
- null
- ''
- \"a\\tb\"
- []
- {}
users:
- name: \"yes\"
  user:
    token: \"eyJ\\nmore\\n\"
- name: nobody
";
    assert_eq!(written, expected);
    assert!(parse(&written) == parse(OTHERS));
}

#[test]
fn a_file_without_entries_is_empty_and_anything_that_is_no_kubeconfig_is_refused() {
    for text in [
        "",
        "\n",
        "# nothing yet\n",
        "---\n",
        "{}",
        "clusters:\nusers: null\ncontexts: []\n",
        "kind: Config",
        "\u{feff}kind: Config",
    ] {
        assert!(parse(text).is_empty(), "{text:?}");
    }
    for (text, why) in [
        (&b"hello"[..], "it holds a value"),
        (b"[]", "it holds a list"),
        (b"a: b", "none of a kubeconfig's fields"),
        (b"kind: Secret\napiVersion: v1", "its kind is not Config"),
        (b"kind: Config\napiVersion: v2", "its apiVersion is not v1"),
        (b"kind: Config\n---\nkind: Config", "line 2: a second document"),
        (b"kind: Config\nclusters: {}", "its clusters are a mapping"),
        (b"users: [1]", "an item of users is a value"),
        (b"users: [{user: {}}]", "an item of users has no name"),
        (
            b"users: [{name: a, user: x}]",
            "the user of an item of users is a value",
        ),
        (b"users: [{name: a}, {name: a}]", "called \"a\""),
        (
            b"kind: Config\nkind: Config",
            "line 2: the same key is there twice",
        ),
        (b"kind: Config\n\tusers: []", "this is not valid YAML"),
        (b"kind: Config\nusers: [", "this is not valid YAML"),
        (b"kind: Config\nx: \xff", "line 2 is not UTF-8"),
        (
            b"kind: Config\nx: !secret y",
            "line 2: this tag is not understood",
        ),
        (b"kind: Config\n? [a]\n: b", "line 2: a key must be a plain text"),
        (b"kind: Config\nx: &a [*a]", "line 2: this alias stands inside"),
    ] {
        let refused = refusal(text);
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn no_error_repeats_what_is_in_the_file() {
    for text in [
        "users: [{name: a, user: {token: hunter2]",
        "users: !hunter2 x",
        "hunter2",
        "kind: hunter2",
        "users: [hunter2]",
        "token: *hunter2",
        "\"hunter2",
    ] {
        let Err(error) = Kubeconfig::parse(text.as_bytes()) else {
            panic!("{text}")
        };
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn aliases_are_spelled_out_and_bombs_refused() {
    let file = "
kind: Config
x-ca: &ca {certificate-authority-data: Q0E=, server: https://other}
clusters:
- name: a
  cluster: {<<: *ca, server: https://a}
";
    let config = parse(file);
    let cluster = config.item("clusters", "a").unwrap();
    assert_eq!(cluster.text("certificate-authority-data"), Some("Q0E="));
    assert_eq!(cluster.text("server"), Some("https://a"));
    assert!(parse(&config.to_yaml()) == config);

    let mut bomb = "kind: Config\nx0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let below = vec![format!("*x{}", level - 1); 8].join(", ");
        bomb = format!("{bomb}x{level}: &x{level} [{below}]\n");
    }
    assert!(refusal(bomb.as_bytes()).contains("too much"));
    let deep = format!("kind: Config\nx: {}", "[".repeat(100_000));
    assert!(refusal(deep.as_bytes()).contains("not valid YAML"));
    let large = format!("kind: Config\nx: {}", "a".repeat(read::MAX_BYTES));
    assert!(refusal(large.as_bytes()).contains("larger than"));
}

#[test]
fn merging_adds_three_entries_and_keeps_everything_else() {
    let before = parse(OTHERS);
    let access = access("kompox-c1", "https://c1");
    let Merged { config, changes } = before.merge(&access, MergeOptions::default()).ok().unwrap();
    let told: Vec<String> = changes
        .iter()
        .map(|change| format!("{} {} {}", change.kind, change.name, change.existed))
        .collect();
    assert_eq!(
        told,
        [
            "cluster kompox-c1 false",
            "user kompox-c1 false",
            "context kompox-c1 false"
        ]
    );
    for (list, _) in LISTS {
        let (old, new) = (before.items(list).unwrap(), config.items(list).unwrap());
        assert!(new[..old.len()] == *old && new.len() == old.len() + 1);
    }
    assert_eq!(config.0.text("current-context"), Some("1e3"));
    assert!(config.0.get("unheard-of") == before.0.get("unheard-of"));
}

#[test]
fn the_same_cluster_twice_changes_nothing_and_is_updated_where_it_stands() {
    let access = access("kompox-c1", "https://c1");
    let once = merged(
        &merged(&Kubeconfig::empty(), &access),
        &super::tests::access("later", "https://later"),
    );
    let again = once.merge(&access, MergeOptions::default()).ok().unwrap();
    assert!(again.changes.is_empty() && again.config == once);

    // A cluster made anew, or reached another way, is at another address.
    let moved = super::tests::access("kompox-c1", "https://c1-private");
    let Merged { config, changes } = once.merge(&moved, MergeOptions::default()).ok().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].fields, ["server"]);
    let names: Vec<_> = config
        .items("clusters")
        .unwrap()
        .iter()
        .map(|item| item.as_map().unwrap().text("name"))
        .collect();
    assert_eq!(names, [Some("kompox-c1"), Some("later")]);
}

#[test]
fn what_somebody_added_to_our_entries_stays_and_credentials_are_not_mixed() {
    let access = access("c1", "https://c1");
    let mut config = merged(&Kubeconfig::empty(), &access);
    let mut cluster = config.item("clusters", "c1").unwrap().clone();
    cluster.set("proxy-url", Node::text("http://proxy"));
    cluster.set("insecure-skip-tls-verify", Node::flag(true));
    config.put("clusters", "cluster", "c1", cluster);
    let context = access.clone().with_namespace("mine").context;
    config.put("contexts", "context", "c1", context);

    let command = TokenCommand {
        command: "/bin/kompoxops".to_owned(),
        args: vec!["cluster".to_owned(), "token".to_owned()],
        env: vec![("KOMPOX_ROOT".to_owned(), "/r".to_owned())],
    };
    let user = access.clone().with_token_command(&command);
    let Merged { config, changes } = config.merge(&user, MergeOptions::default()).ok().unwrap();
    let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [EntryKind::Cluster, EntryKind::User]);
    assert_eq!(
        config.to_yaml(),
        format!(
            "\
apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://c1
    certificate-authority-data: Q0E=
    extensions:
    - extension:
        cluster: {HANDLE}
      name: ops.kompox.dev
    proxy-url: http://proxy
  name: c1
users:
- user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: /bin/kompoxops
      args:
      - cluster
      - token
      env:
      - name: KOMPOX_ROOT
        value: /r
      interactiveMode: Never
      provideClusterInfo: false
    extensions:
    - extension:
        cluster: {HANDLE}
      name: ops.kompox.dev
  name: c1
contexts:
- context:
    cluster: c1
    user: c1
    extensions:
    - extension:
        cluster: {HANDLE}
      name: ops.kompox.dev
    namespace: mine
  name: c1
current-context: c1
"
        )
    );
}

#[test]
fn an_entry_of_somebody_else_with_our_name_is_refused_unless_forced() {
    let file = |cluster: &str, user: &str, context: &str| {
        parse(&format!(
            "{{kind: Config,
               clusters: [{{name: {cluster}, cluster: {{server: 'https://other'}}}}],
               users: [{{name: {user}, user: {{token: t}}}}],
               contexts: [{{name: {context}, context: {{cluster: {cluster}, user: {user}}}}}]}}"
        ))
    };
    let access = access("c1", "https://c1");
    for (config, clash) in [
        (
            file("c1", "x", "x"),
            "cluster c1 is there already and leads to another cluster at https://other",
        ),
        (
            file("x", "c1", "x"),
            "user c1 is there already and leads to another cluster at https://other",
        ),
        (
            file("x", "x", "c1"),
            "context c1 is there already and leads to another cluster at https://other",
        ),
    ] {
        let refused = config.merge(&access, MergeOptions::default()).err().unwrap();
        assert_eq!(refused.to_string(), clash);
        let options = MergeOptions {
            force: true,
            ..MergeOptions::default()
        };
        let forced = config.merge(&access, options).ok().unwrap().config;
        for ((list, _), (name, value)) in LISTS.iter().zip(access.entries()) {
            assert!(forced.item(list, name) == Some(value));
        }
    }
    // Another cluster of the cloud is another one, even behind the same address.
    let elsewhere = super::tests::access("c1", "https://c1").with_handle("/subscriptions/other");
    let config = merged(&Kubeconfig::empty(), &elsewhere);
    assert!(config.merge(&access, MergeOptions::default()).is_err());
}

#[test]
fn entries_that_another_tool_made_for_the_same_server_are_updated() {
    let config = parse(
        "{kind: Config,
          clusters: [{name: c1, cluster: {server: 'https://C1:443/'}}],
          users: [{name: clusterUser_g_c1, user: {token: t}}],
          contexts: [{name: c1, context: {cluster: c1, user: clusterUser_g_c1}}]}",
    );
    let config = merged(&config, &access("c1", "https://c1"));
    assert_eq!(config.items("clusters").unwrap().len(), 1);
    assert_eq!(config.items("contexts").unwrap().len(), 1);
    assert_eq!(config.item("contexts", "c1").unwrap().text("user"), Some("c1"));
}

#[test]
fn the_current_context_changes_only_on_request_or_where_there_was_no_context_at_all() {
    let access = access("c1", "https://c1");
    let current = |config: &Kubeconfig| config.0.text("current-context").map(str::to_owned);
    assert_eq!(
        current(&merged(&Kubeconfig::empty(), &access)).as_deref(),
        Some("c1")
    );
    let mut none_chosen = parse(OTHERS);
    none_chosen.0.set("current-context", Node::text(""));
    for others in [parse(OTHERS), none_chosen] {
        assert_eq!(current(&merged(&others, &access)), current(&others));
    }
    let options = MergeOptions {
        set_current: true,
        ..MergeOptions::default()
    };
    let set = parse(OTHERS).merge(&access, options).ok().unwrap();
    assert_eq!(set.config.0.text("current-context"), Some("c1"));
    assert_eq!(set.changes.last().unwrap().kind, EntryKind::CurrentContext);
    assert!(
        set.config
            .merge(&access, options)
            .ok()
            .unwrap()
            .changes
            .is_empty()
    );
}

#[test]
fn only_this_cluster_means_no_other_entry() {
    let access = access("c1", "https://c1");
    let alone = merged(&Kubeconfig::empty(), &access);
    assert!(alone.is_only(&access) && Kubeconfig::empty().is_only(&access));
    assert!(!parse(OTHERS).is_only(&access));
    assert!(!merged(&alone, &super::tests::access("c2", "https://c2")).is_only(&access));
    assert!(
        !merged(
            &Kubeconfig::empty(),
            &super::tests::access("c1", "https://c1").with_handle("/other")
        )
        .is_only(&access)
    );
}

#[test]
fn json_is_what_kubectl_makes_of_the_yaml() {
    let text = "{kind: Config, users: [{name: '1', user: {a: yes, b: 'yes', c: 12, d: 1.5e3, e: 0x1F, f: ~, g: \"q\\\"\\n\", h: 01, i: []}}]}";
    let expected = r#"{
  "kind": "Config",
  "users": [
    {
      "name": "1",
      "user": {
        "a": true,
        "b": "yes",
        "c": 12,
        "d": 1.5e3,
        "e": "0x1F",
        "f": null,
        "g": "q\"\n",
        "h": "01",
        "i": []
      }
    }
  ]
}
"#;
    assert_eq!(parse(text).to_json(), expected);
}

fn scalar() -> impl Strategy<Value = Node> {
    let odd = prop::sample::select(vec![
        "yes",
        "null",
        "~",
        "1e3",
        "0o7",
        "",
        " ",
        "a: b",
        "- a",
        "#",
        "a #b",
        "<<",
        "=",
        "---",
        "...",
        "2001-01-01",
        "'",
        "\"",
        "\\",
        "\n",
        "a\nb\n",
        "\t",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "é",
        "🦀",
        "%",
        "@",
        "!x",
        "&x",
        "*x",
        "|",
        ">",
        "[",
        "{",
        "?",
    ]);
    let text = prop_oneof![
        odd.prop_map(str::to_owned),
        "\\PC{0,12}",
        "[ -~\n]{0,12}",
        "[a-z0-9.:/-]{1,20}"
    ];
    let style = prop_oneof![Just(Style::Single), Just(Style::Double)];
    let quoted = (text, style).prop_map(|(text, style)| Node::Scalar(Scalar { text, style }));
    let plain = prop::sample::select(vec![
        "yes",
        "12",
        "1e3",
        "null",
        "~",
        "0x1F",
        "abc",
        "2001-12-14 21:59:43.10 -5",
        ".inf",
        "1:30",
    ]);
    let plain = plain.prop_map(|text| {
        Node::Scalar(Scalar {
            text: text.to_owned(),
            style: Style::Plain,
        })
    });
    prop_oneof![quoted, plain]
}

fn map_of(inner: impl Strategy<Value = Node>) -> impl Strategy<Value = Map> {
    vec(("[a-zA-Z0-9 .:#-]{1,8}", inner), 0..5).prop_map(|fields| {
        let mut map = Map::default();
        for (key, value) in fields {
            map.set(&key, value);
        }
        map
    })
}

fn node() -> impl Strategy<Value = Node> {
    scalar().prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Node::List),
            map_of(inner).prop_map(Node::Map)
        ]
    })
}

fn config() -> impl Strategy<Value = Kubeconfig> {
    let entry = (
        prop::sample::select(vec!["c1", "a", "yes", "1e3", "b c", "d:"]),
        map_of(node()),
    );
    let list = vec(entry, 0..4).boxed();
    ([list.clone(), list.clone(), list], map_of(node())).prop_map(|(lists, rest)| {
        let mut config = Kubeconfig(rest);
        for field in ["apiVersion", "kind", "current-context"] {
            config.0.remove(field);
        }
        config.0.set("kind", Node::text("Config"));
        for ((list, content), entries) in LISTS.iter().zip(lists) {
            config.0.remove(list);
            for (name, value) in entries {
                config.put(list, content, name, value);
            }
        }
        config
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(config in config()) {
        let written = config.to_yaml();
        let read = Kubeconfig::parse(written.as_bytes());
        prop_assert!(read.is_ok_and(|read| read == config), "{written}");
        let json = config.to_json();
        prop_assert!(Kubeconfig::parse(json.as_bytes()).is_ok(), "{json}");
    }

    #[test]
    fn merging_keeps_every_other_entry_and_twice_is_once(config in config(), force: bool, set_current: bool) {
        let access = access("c1", "https://c1");
        let options = MergeOptions { set_current, force };
        let Ok(Merged { config: after, .. }) = config.merge(&access, options) else {
            prop_assert!(!force);
            return Ok(());
        };
        let after = Kubeconfig::parse(after.to_yaml().as_bytes()).ok().unwrap();
        for (list, content) in LISTS {
            let others = |config: &Kubeconfig| -> Vec<Node> {
                let items = config.items(list).unwrap().iter();
                items.filter(|item| item.as_map().unwrap().text("name") != Some("c1")).cloned().collect()
            };
            prop_assert!(others(&config) == others(&after), "{list}");
            let ours = after.item(list, "c1").unwrap();
            let (_, wanted) = access.entries()[LISTS.iter().position(|found| *found == (list, content)).unwrap()];
            prop_assert!(wanted.0.iter().all(|(key, value)| key.text == "extensions" || ours.get(&key.text) == Some(value)));
        }
        for (key, value) in &config.0.0 {
            let ours = LISTS.iter().any(|(list, _)| *list == key.text);
            prop_assert!(ours || after.0.get(&key.text) == Some(value), "{}", key.text);
        }
        let again = after.merge(&access, MergeOptions { set_current, force: false }).ok().unwrap();
        prop_assert!(again.changes.is_empty());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "([a-z:\\-\\[\\]{}&*!|>'\"#,?\n ]|\\PC){0,80}") {
        let _ = Kubeconfig::parse(text.as_bytes());
    }
}
