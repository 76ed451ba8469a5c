//! Every kind of bad input gives an error with its place, and never a panic.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::format_push_string,
    reason = "a test may panic, and speaks to whoever runs it"
)]

mod common;

use common::{Dir, VALID, changed};
use insta::assert_snapshot;

fn errors(content: impl AsRef<[u8]>) -> String {
    Dir::kom(content).errors()
}

#[test]
fn an_unknown_kind_is_an_error_with_a_suggestion() {
    assert_snapshot!(errors(changed("kind: Cluster", "kind: Clutser")), @r#"
    kom/app.yml:20:7 (document 3): unknown kind "Clutser"
        did you mean "Cluster"?
    "#);
}

#[test]
fn an_unknown_field_is_an_error_with_a_suggestion() {
    assert_snapshot!(errors(changed("volumes:", "volums:")), @r#"
    kom/app.yml:44:3 (document 4): unknown field "volums"
        did you mean "volumes"?
    "#);
}

#[test]
fn a_field_that_resembles_none_gets_the_list_of_fields() {
    assert_snapshot!(errors(changed("existing: true", "banana: true")), @r#"
    kom/app.yml:26:3 (document 3): unknown field "banana"
        fields here: existing, protection, ingress, settings
    "#);
}

#[test]
fn a_number_of_controllers_is_whole_and_at_least_one() {
    for bad in ["0", "-1", "many", "[2]", "1.5"] {
        let content = changed(
            "    domain: example.com\n",
            &format!("    domain: example.com\n    replicas: {bad}\n"),
        );
        let told = errors(content);
        assert!(
            told.contains("must be a whole number of at least 1"),
            "{bad}: {told}"
        );
    }
}

#[test]
fn an_unknown_api_version_of_the_group_is_an_error_and_another_group_is_not_ours() {
    let later = changed("ops.kompox.dev/v1alpha1", "ops.kompox.dev/v1beta1");
    assert_snapshot!(errors(later), @r#"
    kom/app.yml:1:13 (document 1): unknown apiVersion "ops.kompox.dev/v1beta1"
        did you mean "ops.kompox.dev/v1alpha1"?
    "#);
    let foreign = format!("apiVersion: v1\nkind: ConfigMap\nanything: goes\n---\n{VALID}");
    let loaded = Dir::kom(foreign).load_paths(&["kom"]).unwrap();
    assert_eq!(loaded.ignored.len(), 1);
}

#[test]
fn a_document_without_api_version_or_kind_is_an_error() {
    assert_snapshot!(errors("kind: App\n---\napiVersion: ops.kompox.dev/v1alpha1\n---\n- 1\n"), @r"
    kom/app.yml:1:1 (document 1): apiVersion is missing
        a KOM document begins with apiVersion: ops.kompox.dev/v1alpha1
    kom/app.yml:3:1 (document 2): kind is missing
        kinds: Workspace, Provider, Cluster, App, Defaults
    kom/app.yml:5:1 (document 3): a document must be a mapping with apiVersion and kind, not a list
    ");
}

#[test]
fn a_duplicate_id_is_an_error_at_the_second_place() {
    let twice = format!("{VALID}---\n{}", VALID.split("---\n").nth(1).unwrap());
    assert_snapshot!(errors(twice), @r"
    kom/app.yml:54:24 (document 5): id /ws/w/prv/p is used twice
        its first place is kom/app.yml:12
    ");
}

#[test]
fn a_missing_parent_is_an_error_at_the_id_of_the_child() {
    let orphan = changed(
        "ops.kompox.dev/id: /ws/w/prv/p/cls/c\n",
        "ops.kompox.dev/id: /ws/w/prv/q/cls/c\n",
    );
    assert_snapshot!(errors(orphan), @r"
    kom/app.yml:24:24 (document 3): /ws/w/prv/q/cls/c needs /ws/w/prv/q, which is not in the configuration
        did you mean /ws/w/prv/p?
    kom/app.yml:40:24 (document 4): /ws/w/prv/p/cls/c/app/a needs /ws/w/prv/p/cls/c, which is not in the configuration
        did you mean /ws/w/prv/q/cls/c?
    ");
    let alone = VALID.split("---\n").nth(3).unwrap();
    assert_snapshot!(errors(alone), @r"
    kom/app.yml:6:24 (document 1): /ws/w/prv/p/cls/c/app/a needs /ws/w/prv/p/cls/c, which is not in the configuration
        add a Cluster with the id /ws/w/prv/p/cls/c
    ");
}

#[test]
fn a_parent_that_is_there_but_broken_is_not_reported_as_missing() {
    assert_snapshot!(errors(changed("kind: Provider", "kind: Provdier")), @r#"
    kom/app.yml:8:7 (document 2): unknown kind "Provdier"
        did you mean "Provider"?
    "#);
}

#[test]
fn name_kind_and_id_must_agree() {
    assert_snapshot!(errors(changed("name: p", "name: q")), @r#"kom/app.yml:10:9 (document 2): metadata.name is "q", but id /ws/w/prv/p ends in p"#);
    assert_snapshot!(errors(changed("/ws/w/prv/p\n", "/ws/w/prv/p/cls/x\n")), @"kom/app.yml:12:24 (document 2): id /ws/w/prv/p/cls/x is that of a Cluster, but kind is Provider");
    assert_snapshot!(errors(changed("ops.kompox.dev/id: /ws/w/prv/p\n", "ops.kompox.dev/ID: /ws/w/prv/p\n")), @r#"
    kom/app.yml:12:5 (document 2): annotation "ops.kompox.dev/id" is missing
        did you mean "ops.kompox.dev/id"?
    "#);
    assert_snapshot!(errors(changed("/ws/w/prv/p\n", "/ws/w/provider/p\n")), @r#"kom/app.yml:12:24 (document 2): id "/ws/w/provider/p" is not of the form /ws/<workspace>[/prv/<provider>[/cls/<cluster>[/app/<app>]]]"#);
    assert_snapshot!(errors(changed("name: p", "name: P")), @r#"kom/app.yml:10:9 (document 2): name "P" is not valid: use 1 to 63 lower-case letters, digits and '-', starting and ending with a letter or digit"#);
    assert_snapshot!(errors(changed("/ws/w}", "/ws/(nil)}")), @"kom/app.yml:5:36 (document 1): id /ws/(nil) means no workspace at all, which needs no document");
}

#[test]
fn a_wrong_type_is_an_error_that_says_both_types() {
    assert_snapshot!(errors(changed("existing: true", "existing: yes")), @"kom/app.yml:26:13 (document 3): spec.existing must be true or false, not a string");
    assert_snapshot!(errors(changed("AZURE_LOCATION: japaneast", "AZURE_LOCATION: [japaneast]")), @r#"kom/app.yml:16:21 (document 2): setting "AZURE_LOCATION" must be a string, number or boolean, not a list"#);
    assert_snapshot!(errors(changed("iops: 4000", "iops: {a: 1}")), @r#"kom/app.yml:47:41 (document 4): option "iops" must be a string, number or boolean, not a mapping"#);
    assert_snapshot!(errors(changed("    domain: example.com", "    domain: true")), @"kom/app.yml:30:13 (document 3): spec.ingress.domain must be a string, not a boolean");
    assert_snapshot!(errors(changed("  volumes:\n    - name: db\n      size", "  volumes:\n      name: db\n      size")), @"kom/app.yml:45:7 (document 4): spec.volumes must be a list, not a mapping");
    assert_snapshot!(errors(changed("driver: aks", "driver:")), @"kom/app.yml:14:3 (document 2): spec.driver is missing");
    assert_snapshot!(errors(changed("size: 32Gi", "size: 32GB")), @r#"kom/app.yml:46:13 (document 4): size "32GB" is not valid: use a number of bytes, or one with Ki, Mi, Gi, Ti, K, M, G or T"#);
    assert_snapshot!(errors(changed("size: 32Gi", "size: 0")), @"kom/app.yml:46:13 (document 4): a size must be more than zero");
    assert_snapshot!(errors(changed("cannotDelete", "cannotdelete")), @r#"
    kom/app.yml:28:19 (document 3): spec.protection.provisioning cannot be "cannotdelete"
        did you mean "cannotDelete"?
    "#);
    assert_snapshot!(errors(changed("name: db", "name: a-volume-of-too-many-letters")), @r#"kom/app.yml:45:13 (document 4): volume name "a-volume-of-too-many-letters" is not valid: use 1 to 16 lower-case letters, digits and '-', starting and ending with a letter or digit"#);
}

#[test]
fn a_tab_as_indentation_is_told_as_such() {
    assert_snapshot!(errors(changed("  driver: aks", "\tdriver: aks")), @r"
    kom/app.yml:14:2 (document 2): a tab is used as indentation
        YAML is indented with spaces only
    ");
    assert_snapshot!(errors(changed("    AZURE_LOCATION", "\t\tAZURE_LOCATION")), @r"
    kom/app.yml:16:3 (document 2): a tab is used as indentation
        YAML is indented with spaces only
    ");
    assert_snapshot!(errors("a: 1\n\tb: 2\n"), @r"
    kom/app.yml:1:4 (document 1): a tab is used as indentation
        YAML is indented with spaces only
    ");
    assert_snapshot!(errors(changed("    - name: db", "  \t- name: db")), @r"
    kom/app.yml:45:4 (document 4): a tab is used as indentation
        YAML is indented with spaces only
    ");
}

#[test]
fn a_key_that_is_there_twice_is_an_error_at_the_second_place() {
    assert_snapshot!(errors(changed("driver: aks", "driver: aks\n  driver: aks")), @r#"kom/app.yml:15:3 (document 2): key "driver" is there twice, first in line 14"#);
}

#[test]
fn a_volume_that_is_there_twice_is_an_error() {
    assert_snapshot!(errors(changed("    - name: db", "    - {name: db, size: 1Gi}\n    - name: db")), @r#"kom/app.yml:46:13 (document 4): volume "db" is there twice"#);
}

#[test]
fn all_errors_of_all_documents_are_told_at_once_and_broken_yaml_hides_no_other_document() {
    let broken = changed("driver: aks", "drivr: aks")
        .replace("existing: true", "existing: [")
        .replace("32Gi", "huge");
    assert_snapshot!(errors(broken), @r#"
    kom/app.yml:14:3 (document 2): unknown field "drivr"
        did you mean "driver"?
    kom/app.yml:28:17 (document 3): this is not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'
    kom/app.yml:46:13 (document 4): size "huge" is not valid: use a number of bytes, or one with Ki, Mi, Gi, Ti, K, M, G or T
    "#);
}

#[test]
fn a_file_that_could_not_be_read_hides_no_other_and_what_it_may_hold_is_not_told_to_be_missing() {
    let dir = Dir::kom(VALID.split("---\n").nth(3).unwrap());
    dir.write("kom/b.yml", [0xff]);
    dir.write(
        "kom/c.yml",
        changed("driver: aks", "driver: []")
            .split("---\n")
            .nth(1)
            .unwrap(),
    );
    assert_snapshot!(dir.errors(), @r"
    kom/b.yml:1:1 (document 1): this byte is not UTF-8
        save the file as UTF-8
    kom/c.yml:8:11 (document 1): spec.driver must be a string, not a list
    ");
}

#[test]
fn a_file_full_of_errors_gives_a_bounded_number_of_them() {
    let dir = Dir::kom("kind: x\n---\n".repeat(1000));
    let errors = dir.load_paths(&["kom"]).unwrap_err();
    assert_eq!((errors.iter().count(), errors.more()), (100, 900));
}

#[test]
fn invalid_utf8_is_an_error_at_its_byte() {
    let mut bytes = VALID.as_bytes().to_vec();
    let at = VALID.find("japaneast").unwrap();
    bytes[at + 2] = 0xff;
    assert_snapshot!(errors(bytes), @r"
    kom/app.yml:16:23 (document 2): this byte is not UTF-8
        save the file as UTF-8
    ");
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(VALID.bytes().flat_map(|byte| [byte, 0]))
        .collect();
    assert_snapshot!(errors(utf16), @r"
    kom/app.yml:1:1 (document 1): this is UTF-16, not UTF-8
        save it as UTF-8
    ");
}

#[test]
fn a_byte_order_mark_is_no_error() {
    assert_eq!(errors(format!("\u{feff}{VALID}")), "no error");
    let column = errors("\u{feff}kind: App\n");
    assert!(column.starts_with("kom/app.yml:1:1 "), "{column}");
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    assert_snapshot!(errors(bomb), @"kom/app.yml:6:10 (document 1): aliases repeat more than 8 MiB of text");
}

#[test]
fn an_alias_inside_of_itself_or_of_nothing_is_refused() {
    assert_snapshot!(errors("a: &a [1, *a]\n"), @"kom/app.yml:1:11 (document 1): this alias stands inside of what it names, which would have no end");
    assert_snapshot!(errors("a: *b\n"), @"kom/app.yml:1:4 (document 1): this alias names an anchor that is not in the document");
}

#[test]
fn deep_nesting_is_refused() {
    assert_snapshot!(errors("[".repeat(100_000)), @"kom/app.yml:1:65 (document 1): lists and mappings are nested more than 64 deep");
    let mut chain = String::from("a0: &a0 [x]\n");
    for level in 1..100 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_snapshot!(errors(chain), @"kom/app.yml:64:12 (document 1): aliases are nested more than 64 deep");
}

#[test]
fn keys_that_are_no_texts_are_refused() {
    assert_snapshot!(errors("? [a]\n: 1\n---\n: 1\n---\n{a: 1}: 2\n"), @r"
    kom/app.yml:1:3 (document 1): a key must be a plain text, not a list or mapping
    kom/app.yml:4:1 (document 2): a key is missing before the colon
    kom/app.yml:6:1 (document 3): a key must be a plain text, not a list or mapping
    ");
}

#[test]
fn a_tag_that_is_not_of_yaml_is_refused() {
    assert_snapshot!(errors(changed("driver: aks", "driver: !secret aks")), @r"
    kom/app.yml:14:19 (document 2): this tag is not understood
        put a value that begins with ! in quotes
    ");
    for secret in [
        "!hunter2-pa55",
        "!<hunter2-pa55>",
        "!hunter2!pa55",
        "!!hunter2-pa55",
        "!hunter2-pa55 [x]",
    ] {
        let errors = errors(changed("file:secret.txt", secret));
        assert!(
            !errors.contains("hunter2") && !errors.contains("pa55"),
            "{errors}"
        );
        assert_ne!(errors, "no error");
    }
}

#[test]
fn a_reference_to_nothing_is_an_error_that_does_not_show_the_value() {
    let content = changed("file:secret.txt", "\"env:hunter2 is my password\"");
    assert_snapshot!(errors(content), @r#"
    kom/app.yml:17:26 (document 2): setting "AZURE_CLIENT_SECRET" is neither env:NAME nor file:PATH
        name a variable or a file after the colon
    "#);
    assert_snapshot!(errors(changed("file:secret.txt", "'file:'")), @r#"
    kom/app.yml:17:26 (document 2): setting "AZURE_CLIENT_SECRET" is neither env:NAME nor file:PATH
        name a variable or a file after the colon
    "#);
}

#[test]
fn defaults_outside_of_the_app_file_are_an_error() {
    let defaults = "apiVersion: ops.kompox.dev/v1alpha1\nkind: Defaults\nspec: {}\n";
    assert_snapshot!(errors(format!("{defaults}---\n{VALID}")), @"
    kom/app.yml:2:7 (document 1): Defaults may stand in the app file only
        move it to kompoxapp.yml; or name this file with KOM app file
    ");
}

#[test]
fn no_error_shows_the_value_of_a_setting() {
    for (from, to) in [
        ("AZURE_LOCATION: japaneast", "AZURE_LOCATION: {a: hunter2}"),
        ("AZURE_LOCATION: japaneast", "AZURE_LOCATION: [hunter2"),
        ("AZURE_LOCATION: japaneast", "AZURE_LOCATION: \"hunter2"),
        ("AZURE_LOCATION: japaneast", "AZURE_LOCATION: a: hunter2"),
        ("AZURE_LOCATION: japaneast", "AZURE_LOCATION: env:hunter2 x"),
        ("AZURE_LOCATION: japaneast", "AZURE_LOCATION: *hunter2"),
    ] {
        let shown = errors(changed(from, to));
        assert!(shown != "no error" && !shown.contains("hunter2"), "{shown}");
    }
}
