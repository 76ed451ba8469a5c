//! What good configurations become.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::format_push_string,
    reason = "a test may panic, and speaks to whoever runs it"
)]

mod common;

use std::path::{Path, PathBuf};

use common::{Dir, VALID, changed};
use kompox_config::{Loaded, Sources, load};
use kompox_domain::model::{AnyId, HeaderAliases, IngressImage, ProtectionLevel, VolumeKind};
use kompox_domain::options::OptionValue;
use kompox_domain::{App, Cluster, SecretRef, SettingValue};

fn loaded(content: &str) -> Loaded {
    Dir::kom(content).load_paths(&["kom"]).unwrap()
}

fn cluster(loaded: &Loaded) -> &Cluster {
    loaded.catalog.clusters().first().unwrap()
}

fn app(loaded: &Loaded) -> &App {
    loaded.catalog.apps().first().unwrap()
}

fn plain(text: &str) -> Option<SettingValue> {
    Some(SettingValue::Plain(text.to_owned()))
}

/// Cluster settings as they are written below `settings:`.
fn cluster_settings(lines: &str) -> kompox_domain::Settings {
    let content = changed(
        "  existing: true\n",
        &format!("  existing: true\n  settings:\n{lines}"),
    );
    cluster(&loaded(&content)).settings.clone()
}

#[test]
fn kom_documents_become_a_catalog() {
    let loaded = loaded(VALID);
    let cluster = cluster(&loaded);
    assert_eq!(cluster.id.to_string(), "/ws/w/prv/p/cls/c");
    assert!(cluster.existing);
    assert_eq!(cluster.protection.provisioning, ProtectionLevel::CannotDelete);
    assert_eq!(cluster.protection.installation, ProtectionLevel::None);
    assert_eq!(cluster.ingress.namespace.as_str(), "traefik");
    assert_eq!(cluster.ingress.service_account.as_str(), "traefik");
    assert_eq!(cluster.ingress.domain.as_deref(), Some("example.com"));
    assert_eq!(cluster.ingress.certificates.len(), 1);
    let app = app(&loaded);
    assert_eq!(app.zone.as_deref(), Some("1"));
    let volume = app.volumes.first().unwrap();
    assert_eq!((volume.size.gib_ceil(), volume.kind), (32, VolumeKind::Disk));
    let provider = loaded.catalog.providers().first().unwrap();
    assert_eq!(provider.driver, "aks");
    assert_eq!(
        provider.settings.get("AZURE_LOCATION"),
        plain("japaneast").as_ref()
    );
}

#[test]
fn the_image_and_the_number_of_the_ingress_are_as_written_and_unset_without() {
    let plain = loaded(VALID);
    let ingress = &cluster(&plain).ingress;
    assert_eq!(
        (&ingress.image, ingress.replicas, ingress.custom_resources),
        (&IngressImage::default(), None, false)
    );
    assert_eq!(ingress.header_aliases, None);
    let content = changed(
        "    domain: example.com\n",
        "    domain: example.com\n    image: {registry: mirror.example.com, tag: v3.9.9, digest: 'sha256:00'}\n    replicas: 3\n    \
         customResources: true\n    headerAliases: reject\n",
    );
    let loaded = loaded(&content);
    let ingress = &cluster(&loaded).ingress;
    assert_eq!(
        ingress.image,
        IngressImage {
            registry: Some("mirror.example.com".to_owned()),
            repository: None,
            tag: Some("v3.9.9".to_owned()),
            digest: Some("sha256:00".to_owned()),
        }
    );
    assert_eq!((ingress.replicas, ingress.custom_resources), (Some(3), true));
    assert_eq!(ingress.header_aliases, Some(HeaderAliases::Reject));
}

#[test]
fn options_keep_their_type_and_a_number_with_a_leading_zero_is_a_text() {
    let loaded = loaded(VALID);
    let options = &app(&loaded).volumes.first().unwrap().options;
    assert_eq!(options.get("iops"), Some(&OptionValue::Integer(4000)));
    assert_eq!(options.get("fast"), Some(&OptionValue::Bool(true)));
    assert_eq!(options.get("code"), Some(&OptionValue::Text("0123".to_owned())));
    assert_eq!(
        options.get("sku"),
        Some(&OptionValue::Text("Premium_LRS".to_owned()))
    );
}

#[test]
fn scalar_settings_keep_the_text_they_were_written_with() {
    let settings = cluster_settings(
        "    A: 0123\n    B: true\n    C: 1.50\n    D: 01K9ZZZZZZZZZZZZZZZZZZZZZZ\n    E: \"\"\n    F:\n    G: 'env'\n    H: 0x1F\n",
    );
    assert_eq!(settings.get("A"), plain("0123").as_ref());
    assert_eq!(settings.get("B"), plain("true").as_ref());
    assert_eq!(settings.get("C"), plain("1.50").as_ref());
    assert_eq!(settings.get("D"), plain("01K9ZZZZZZZZZZZZZZZZZZZZZZ").as_ref());
    assert_eq!(settings.get("E"), plain("").as_ref());
    assert_eq!(settings.get("F"), None, "null is not set");
    assert_eq!(settings.get("G"), plain("env").as_ref());
    assert_eq!(settings.get("H"), plain("0x1F").as_ref());
}

#[test]
fn references_are_recognised_and_nothing_else_is_expanded() {
    let dir = Dir::kom(VALID);
    let loaded = dir.load_paths(&["kom"]).unwrap();
    let provider = loaded.catalog.providers().first().unwrap();
    let SettingValue::Reference(SecretRef::File(path)) =
        provider.settings.get("AZURE_CLIENT_SECRET").unwrap()
    else {
        panic!("not a file")
    };
    assert_eq!(
        path,
        &dir.path().join("kom/secret.txt"),
        "relative to the file it stands in"
    );

    let settings = cluster_settings(
        "    A: env:NAME\n    B: \"env:NAME\"\n    C: $HOME\n    D: ${HOME}\n    E: ~/x\n    F: file:/etc/x\n",
    );
    let env = Some(SettingValue::Reference(SecretRef::Env("NAME".to_owned())));
    assert_eq!(
        (settings.get("A"), settings.get("B")),
        (env.as_ref(), env.as_ref())
    );
    assert_eq!(settings.get("C"), plain("$HOME").as_ref());
    assert_eq!(settings.get("D"), plain("${HOME}").as_ref());
    assert_eq!(settings.get("E"), plain("~/x").as_ref());
    let file = SettingValue::Reference(SecretRef::File(PathBuf::from("/etc/x")));
    assert_eq!(settings.get("F"), Some(&file));
}

#[test]
fn what_was_loaded_shows_no_setting_when_it_is_printed_for_debugging() {
    let shown = format!("{:?}", loaded(&changed("file:secret.txt", "hunter2")));
    assert!(
        shown.contains("AZURE_CLIENT_SECRET") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn a_bare_integer_size_is_bytes() {
    for (written, bytes) in [
        ("34359738368", 32 << 30),
        ("\"1024\"", 1024),
        ("1Ki", 1024),
        ("1.5Ki", 1536),
    ] {
        let loaded = loaded(&changed("size: 32Gi", &format!("size: {written}")));
        assert_eq!(
            app(&loaded).volumes.first().unwrap().size.bytes(),
            bytes,
            "{written}"
        );
    }
}

#[test]
fn anchors_aliases_and_merge_keys_work_and_the_mapping_s_own_keys_win() {
    let settings = cluster_settings("    <<: {A: theirs, B: theirs}\n    A: &own own\n    C: *own\n");
    assert_eq!(settings.get("A"), plain("own").as_ref());
    assert_eq!(settings.get("B"), plain("theirs").as_ref());
    assert_eq!(settings.get("C"), plain("own").as_ref());
}

#[test]
fn the_original_s_other_fields_are_accepted_and_each_listed_once() {
    let content = changed(
        "  deployment:\n    zone: 1\n",
        "  compose: file:compose.yml\n  ingress: {rules: [{name: main, port: 80}]}\n  networkPolicy: {}\n  resources: {cpu: 1}\n  \
         deployment: {zone: 1, pool: user, zones: [], pools: [], selectors: {}}\n",
    );
    let content = format!(
        "{content}status: {{opsNamespace: x}}\n---\napiVersion: ops.kompox.dev/v1alpha1\nkind: Box\nmetadata: {{name: b}}\n---\n\
         apiVersion: ops.kompox.dev/v1alpha1\nkind: Workspace\nmetadata:\n  name: v\n  labels: {{a: b}}\n  \
         annotations: {{ops.kompox.dev/id: /ws/v}}\nspec: {{settings: {{a: b}}}}\n",
    );
    let loaded = loaded(&content);
    let fields: Vec<&str> = loaded
        .ignored
        .iter()
        .map(|ignored| ignored.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "App spec.compose",
            "App spec.deployment.pool",
            "App spec.deployment.pools",
            "App spec.deployment.selectors",
            "App spec.deployment.zones",
            "App spec.ingress",
            "App spec.networkPolicy",
            "App spec.resources",
            "App status",
            "Workspace metadata.labels",
            "Workspace spec.settings",
            "kind Box",
        ]
    );
    assert!(
        loaded
            .ignored
            .iter()
            .all(|ignored| ignored.file == Path::new("kom/app.yml"))
    );
}

#[test]
fn empty_documents_and_comments_mean_nothing() {
    let content = format!("# nothing\n---\n---\n# nothing\n---\n{VALID}---\n...\n");
    assert_eq!(loaded(&content).catalog.apps().len(), 1);
}

#[test]
fn a_kompoxops_file_becomes_the_same_catalog_and_without_a_workspace_there_is_none() {
    let dir = Dir::new();
    let provider = "provider: {name: p, driver: aks}\ncluster: {name: c, domain: example.com}\napp: {name: a, volumes: [{name: db, size: 1Gi, type: files}]}\n";
    for (workspace, id) in [
        ("", "/ws/(nil)/prv/p/cls/c/app/a"),
        ("service: {name: s}\n", "/ws/s/prv/p/cls/c/app/a"),
        ("workspace: {name: w}\n", "/ws/w/prv/p/cls/c/app/a"),
    ] {
        dir.write("kompoxops.yml", format!("version: v1\n{workspace}{provider}"));
        let loaded = dir.load().unwrap();
        let app = app(&loaded);
        assert_eq!(app.id.to_string(), id);
        assert_eq!(app.volumes.first().unwrap().kind, VolumeKind::Files);
        assert_eq!(cluster(&loaded).ingress.domain.as_deref(), Some("example.com"));
        assert_eq!(loaded.files, [dir.path().join("kompoxops.yml")]);
    }
}

#[test]
fn a_kompoxops_file_that_is_none_is_refused() {
    let dir = Dir::new();
    let mut shown = Vec::new();
    for content in [
        "version: v2\nprovider: {name: p, driver: aks}\n",
        "provider: {name: p, driver: aks}\n",
        "version: v1\n",
        "version: v1\nservice: {name: s}\nworkspace: {name: w}\nprovider: {name: p, driver: aks}\n",
        "version: v1\nservice: s\nprovider: {name: p, driver: aks}\n",
        "version: v1\nprovider: {name: p, driver: aks}\napp: {name: a}\n",
        "version: v1\nprovider: {name: p, driver: aks}\n---\nversion: v1\n",
        "version: v1\nprovidr: {name: p, driver: aks}\n",
        VALID,
    ] {
        dir.write("kompoxops.yml", content);
        shown.push(dir.render(&dir.load().unwrap_err()));
    }
    insta::assert_snapshot!(shown.join("\n"), @r#"
    kompoxops.yml:1:10 (document 1): unknown version "v2"
        write version: v1
    kompoxops.yml:1:1 (document 1): version is missing
    kompoxops.yml:1:1 (document 1): provider is missing
    kompoxops.yml:3:1 (document 1): service and workspace are two words for one thing
        keep one of them
    kompoxops.yml:2:10 (document 1): service must be a mapping, not a string
    kompoxops.yml:3:1 (document 1): app needs a cluster, which is missing
    kompoxops.yml:4:1 (document 2): kompoxops.yml holds one document only
        KOM files may hold several; name those with KOM path
    kompoxops.yml:2:1 (document 1): unknown field "providr"
        did you mean "provider"?
    kompoxops.yml:1:1 (document 1): this is a KOM document, not a kompoxops.yml
        name it with KOM path; or, if it is the app's, name it with KOM app file
    kompoxops.yml:7:1 (document 2): kompoxops.yml holds one document only
        KOM files may hold several; name those with KOM path
    "#);
}

#[test]
fn every_example_loads() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/config");
    let load_in = |dir: PathBuf| {
        let sources = Sources {
            current_dir: dir.clone(),
            // Named: whoever runs the tests need not be whose the sources are.
            kompox_root: Some(dir),
            ..Sources::default()
        };
        load(&sources, &|_| None).unwrap()
    };
    let one = load_in(examples.clone());
    let several = load_in(examples.join("kom"));
    assert_eq!(several.files.len(), 4);
    assert_eq!(one.ignored, []);
    assert_eq!(several.ignored, []);
    for loaded in [&one, &several] {
        assert_eq!(
            app(loaded).id.to_string(),
            "/ws/shop/prv/aks-tokyo/cls/main/app/web"
        );
        assert_eq!(app(loaded).volumes.len(), 2);
    }
    assert_eq!(app(&one).volumes, app(&several).volumes);
    assert_eq!(several.default_app, Some(AnyId::App(app(&several).id.clone())));
}
