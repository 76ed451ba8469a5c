//! Reading a file and writing it again: what is kept, and what is refused.

use super::*;

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
        (&b"hello"[..], "it holds a string"),
        (b"[]", "it holds a list"),
        (b"a: b", "none of a kubeconfig's fields"),
        (b"kind: Secret\napiVersion: v1", "its kind is not Config"),
        (b"kind: Config\napiVersion: v2", "its apiVersion is not v1"),
        (b"kind: Config\n---\nkind: Config", "line 2: a second document"),
        (b"kind: Config\nclusters: {}", "its clusters are a mapping"),
        (b"users: [1]", "an item of users is a number"),
        (b"users: [{user: {}}]", "an item of users has no name"),
        (
            b"users: [{name: a, user: x}]",
            "the user of an item of users is a string",
        ),
        (b"users: [{name: a}, {name: a}]", "called \"a\""),
        (
            b"kind: Config\nkind: Config",
            "line 2: the same key is there twice",
        ),
        (b"kind: Config\n\tusers: []", "a tab is used as indentation"),
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
    assert!(refusal(bomb.as_bytes()).contains("aliases repeat more than 32 MiB"));
    let deep = format!("kind: Config\nx: {}", "[".repeat(100_000));
    assert!(refusal(deep.as_bytes()).contains("nested more than 64 deep"));
    let large = format!("kind: Config\nx: {}", "a".repeat(read::MAX_BYTES));
    assert!(refusal(large.as_bytes()).contains("larger than"));
}

#[test]
fn a_tag_that_says_what_a_value_is_anyway_is_understood_and_every_other_one_is_refused() {
    for (tagged, plain) in [
        ("!!str 12", "'12'"),
        ("! 12", "'12'"),
        ("!!seq [a]", "[a]"),
        ("! [a]", "[a]"),
        ("!!map {a: b}", "{a: b}"),
        ("! {a: b}", "{a: b}"),
    ] {
        let [tagged, plain] = [tagged, plain].map(|value| parse(&format!("kind: Config\nx: {value}")));
        assert!(tagged == plain, "{tagged:?}");
    }
    for wrong in [
        "!!int 12",
        "!!seq 12",
        "!own 12",
        "!!str [a]",
        "!!map [a]",
        "!own [a]",
        "!!str {a: b}",
        "!!seq {a: b}",
        "!own {a: b}",
    ] {
        let refused = refusal(format!("kind: Config\nx: {wrong}").as_bytes());
        assert!(
            refused.contains("line 2: this tag is not understood"),
            "{wrong}: {refused}"
        );
    }
}

#[test]
fn what_ends_a_line_or_drives_a_terminal_is_written_as_an_escape_and_a_letter_as_it_is() {
    for (character, written) in [
        ('\0', "\\u0000"),
        ('\u{1b}', "\\u001b"),
        ('\u{7f}', "\\u007f"),
        ('\u{85}', "\\u0085"),
        ('\u{2028}', "\\u2028"),
        ('\u{202e}', "\\u202e"),
        ('\u{feff}', "\\ufeff"),
        ('\u{fffe}', "\\ufffe"),
        ('\u{ffff}', "\\uffff"),
        ('é', "é"),
        ('🦀', "🦀"),
    ] {
        let mut config = Kubeconfig::empty();
        config.0.set("x", Node::string(format!("a{character}b")));
        for text in [config.to_yaml(), config.to_json()] {
            assert!(text.contains(&format!("\"a{written}b\"")), "{text}");
            assert!(parse(&text) == config, "{text}");
        }
    }
}

#[test]
fn json_is_what_kubectl_makes_of_the_yaml() {
    let text = "{kind: Config, users: [{name: '1', user: {a: yes, b: 'yes', c: 12, d: 1.5e3, e: 0x1F, f: ~, g: \"q\\\"\\n\", h: 01, i: [], j: [[k], {l: m}]}}]}";
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
        "i": [],
        "j": [
          [
            "k"
          ],
          {
            "l": "m"
          }
        ]
      }
    }
  ]
}
"#;
    assert_eq!(parse(text).to_json(), expected);
}

#[test]
fn what_is_no_number_of_json_is_written_there_as_a_string() {
    for (plain, json) in [
        ("no", "false"),
        ("OFF", "false"),
        ("False", "false"),
        ("On", "true"),
        ("TRUE", "true"),
        ("0", "0"),
        ("-0", "-0"),
        ("-12", "-12"),
        ("0.50", "0.50"),
        ("1E+2", "1E+2"),
        ("1e-3", "1e-3"),
        ("1_000", "\"1_000\""),
        ("1:30", "\"1:30\""),
        ("01", "\"01\""),
        ("-01", "\"-01\""),
        ("1.", "\"1.\""),
        (".5", "\".5\""),
        ("1e", "\"1e\""),
        ("1e5x", "\"1e5x\""),
        ("1.5x", "\"1.5x\""),
        ("+1", "\"+1\""),
        (".inf", "\".inf\""),
    ] {
        let written = parse(&format!("kind: Config\nx: {plain}")).to_json();
        assert!(
            written.contains(&format!("\"x\": {json}\n")),
            "{plain}: {written}"
        );
        assert!(
            serde_json::from_str::<serde_json::Value>(&written).is_ok(),
            "{written}"
        );
    }
}
