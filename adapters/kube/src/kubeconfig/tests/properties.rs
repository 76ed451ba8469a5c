//! What holds for every kubeconfig that can be thought up.

use proptest::collection::vec;
use proptest::prelude::*;

use kompox_yaml::{Scalar, Style};

use super::*;

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
    let quoted = (text, style).prop_map(|(text, style)| Node::from(Value::Scalar(Scalar { text, style })));
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
        Node::from(Value::Scalar(Scalar {
            text: text.to_owned(),
            style: Style::Plain,
        }))
    });
    prop_oneof![quoted, plain]
}

fn map_of(inner: impl Strategy<Value = Node>) -> impl Strategy<Value = Map> {
    vec(("[a-zA-Z0-9 .:#-]{1,8}", inner), 0..5).prop_map(|fields| {
        let mut map = Map::new();
        for (key, value) in fields {
            map.set(&key, value);
        }
        map
    })
}

fn node() -> impl Strategy<Value = Node> {
    scalar().prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Node::from_iter),
            map_of(inner).prop_map(Node::from)
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
        config.0.set("kind", Node::string("Config"));
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
            let others = |config: &Kubeconfig| -> Vec<Arc<Node>> {
                let items = config.items(list).unwrap().iter();
                items.filter(|item| item.as_map().unwrap().text("name") != Some("c1")).cloned().collect()
            };
            prop_assert!(others(&config) == others(&after), "{list}");
            let ours = after.item(list, "c1").unwrap();
            let (_, wanted) = access.entries()[LISTS.iter().position(|found| *found == (list, content)).unwrap()];
            prop_assert!(wanted.iter().all(|entry| entry.key.text == "extensions" || ours.get(&entry.key.text) == Some(&*entry.node)));
        }
        for entry in config.0.iter() {
            let key = &entry.key.text;
            let ours = LISTS.iter().any(|(list, _)| list == key);
            prop_assert!(ours || after.0.get(key) == Some(&*entry.node), "{key}");
        }
        let again = after.merge(&access, MergeOptions { set_current, force: false }).ok().unwrap();
        prop_assert!(again.changes.is_empty());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "([a-z:\\-\\[\\]{}&*!|>'\"#,?\n ]|\\PC){0,80}") {
        let _ = Kubeconfig::parse(text.as_bytes());
    }
}
