//! The examples and tables of the book agree with the code.

use std::collections::BTreeSet;

use kompox_aks::settings::keys;
use kompox_aks::{AksFactory, permissions};
use kompox_arm::{cloud, credential};
use kompox_config::{Loaded, Sources};
use kompox_domain::settings::SettingValue;
use kompox_domain::{
    Catalog, DriverFactory as _, ErrorKind, Operation, Provider, ProviderScope, Result, Secret, SecretReader,
    SecretRef,
};
use kompoxops::{exit_codes, operations};

use super::markdown::{blocks, column, section, table};
use super::{PAGES, document, root, settle};

/// The first table under a heading of a page.
fn table_of(page: &str, heading: &str) -> Vec<Vec<String>> {
    let rows = table(section(&document(&format!("{PAGES}/{page}")), heading));
    assert!(!rows.is_empty(), "{page} has no table under {heading}");
    rows
}

/// Loads an example of the book.
fn load(path: &str) -> Loaded {
    let directory = tempfile::tempdir().unwrap();
    let head = format!("# {path}\n");
    let text = document(&format!("{PAGES}/configuration.md"));
    let found = blocks(&text);
    let example = found
        .iter()
        .find(|block| block.language == "yaml" && block.text.starts_with(&head));
    let file = directory.path().join(path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, &example.unwrap().text).unwrap();
    let sources = Sources {
        current_dir: directory.path().to_owned(),
        ..Sources::default()
    };
    kompox_config::load(&sources, &|_| None).unwrap()
}

fn scope(catalog: &Catalog) -> ProviderScope {
    ProviderScope {
        provider: catalog.providers()[0].clone(),
        clusters: catalog.clusters().to_vec(),
        apps: catalog.apps().to_vec(),
    }
}

#[test]
fn both_examples_are_complete_and_mean_the_same() {
    let (ops, kom) = (load("kompoxops.yml"), load(".kompox/kom/shop.yml"));
    for loaded in [&ops, &kom] {
        let (loaded, catalog) = (loaded, &loaded.catalog);
        assert_eq!(loaded.ignored, []);
        assert_eq!(AksFactory::default().check(&scope(catalog)), []);
        assert_eq!((catalog.apps().len(), catalog.apps()[0].volumes.len()), (1, 2));
    }
    let (ops, kom) = (ops.catalog, kom.catalog);
    assert_eq!(ops.workspaces(), kom.workspaces());
    assert_eq!(ops.providers(), kom.providers());
    assert_eq!(ops.clusters(), kom.clusters());
    assert_eq!(ops.apps(), kom.apps());
}

#[test]
fn the_tables_of_settings_name_every_key_and_no_other() {
    for (heading, known) in [
        ("## Settings of a provider", keys::PROVIDER),
        ("## Settings of a cluster", keys::CLUSTER),
        ("## Settings of an app", keys::APP),
    ] {
        let rows = table_of("settings.md", heading);
        let shown = column(&rows);
        let set: BTreeSet<&str> = shown.iter().copied().collect();
        assert_eq!(set.len(), shown.len(), "{heading}: a key is there twice");
        assert_eq!(set, known.iter().copied().collect(), "{heading}");
    }
    let rows = table_of("settings.md", "## Settings of a provider");
    let clouds = rows.iter().find(|row| row[0] == "AZURE_CLOUD").unwrap();
    for name in cloud::NAMES {
        assert!(clouds[2].contains(name), "{name}");
    }
}

/// A provider with these settings.
fn provider(settings: &[(&str, &str)]) -> ProviderScope {
    let mut scope = scope(&load("kompoxops.yml").catalog);
    let plain = |(key, value): &(&str, &str)| ((*key).to_owned(), SettingValue::Plain((*value).to_owned()));
    scope.provider = Provider {
        settings: settings.iter().map(plain).collect(),
        ..scope.provider
    };
    scope.clusters.clear();
    scope.apps.clear();
    scope
}

#[test]
fn the_table_of_methods_names_what_each_of_them_needs() {
    let rows = table_of("azure.md", "# Azure");
    let shown: BTreeSet<&str> = column(&rows).into_iter().collect();
    assert_eq!(shown, credential::METHODS.into_iter().collect());
    for row in rows {
        let findings = AksFactory::default().check(&provider(&[("AZURE_AUTH_METHOD", &row[0])]));
        assert_eq!(findings.len(), 1, "{findings:?}");
        let missing = findings[0]
            .message
            .strip_prefix("settings are missing: ")
            .unwrap();
        let always = ["AZURE_SUBSCRIPTION_ID", "AZURE_LOCATION"];
        let missing: Vec<&str> = missing.split(", ").filter(|key| !always.contains(key)).collect();
        let needs: Vec<&str> = row[1].split(", ").filter(|key| *key != "–").collect();
        assert_eq!(needs, missing, "{}", row[0]);
    }
}

struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, reference: &SecretRef) -> Result<Secret> {
        panic!("{reference} is read")
    }
}

#[test]
fn the_table_of_volume_options_is_what_the_driver_declares() {
    let id = "00000000-0000-0000-0000-000000000000";
    let scope = provider(&[
        ("AZURE_SUBSCRIPTION_ID", id),
        ("AZURE_LOCATION", "japaneast"),
        ("AZURE_AUTH_METHOD", "client_secret"),
        ("AZURE_TENANT_ID", id),
        ("AZURE_CLIENT_ID", id),
        ("AZURE_CLIENT_SECRET", "x"),
    ]);
    let driver = AksFactory::default().build(&scope, &NoSecrets).unwrap();
    let volumes = driver.volumes().unwrap();
    let declared = volumes.options();
    let rows = table_of("settings.md", "## Options of a volume");
    assert_eq!(rows.len(), declared.len());
    for (row, option) in rows.iter().zip(declared) {
        assert_eq!(
            (row[0].as_str(), row[1].to_lowercase()),
            (option.name, option.takes.to_lowercase())
        );
    }
}

#[test]
fn the_tables_of_exit_codes_kinds_and_limits_are_those_of_the_code() {
    let codes = [
        exit_codes::DONE,
        exit_codes::FAILED,
        exit_codes::USAGE,
        exit_codes::DIFFERENCE,
        exit_codes::INTERRUPTED,
    ];
    let rows = table_of("errors.md", "# Exit codes and errors");
    assert_eq!(column(&rows), codes.map(|code| code.to_string()));

    let errors = document(&format!("{PAGES}/errors.md"));
    let rows = table(&errors[errors.find("| Kind |").unwrap()..]);
    // The last ones are the program's own.
    let mut kinds: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
    kinds.extend(["interrupted", "usage", "declined"]);
    assert_eq!(column(&rows), kinds);

    let rows = table_of("promises.md", "# What is promised");
    for &operation in Operation::ALL {
        let words = operations::words(operation);
        let row = rows
            .iter()
            .find(|row| row[0].split(", ").any(|name| name == words));
        let row = row.unwrap_or_else(|| panic!("there is no limit of {operation}"));
        let minutes = operations::default_timeout(operation).as_secs() / 60;
        assert_eq!(
            row[1].split(' ').next().unwrap(),
            minutes.to_string(),
            "{operation}"
        );
    }
}

#[test]
fn the_custom_role_is_the_one_of_the_driver() {
    let role = permissions::custom_role("00000000-0000-0000-0000-000000000000");
    settle(
        "design/custom-role.json",
        &format!("{}\n", serde_json::to_string_pretty(&role).unwrap()),
    );
}

#[test]
fn figures_are_mentioned_where_there_are_some() {
    let none = "There are no measured performance figures yet";
    let text = document("README.md");
    if root().join("design/bench.md").exists() {
        assert!(
            !text.contains(none) && text.contains("(design/bench.md)"),
            "link design/bench.md"
        );
    } else {
        assert!(text.contains(none));
    }
}
