//! What a Traefik is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kompox_domain::ErrorKind;
use proptest::prelude::*;
use serde_json::Value;

use kompox_domain::model::HeaderAliases;

use super::*;
use crate::labels;

fn plain() -> Traefik {
    Traefik::new("traefik", "traefik", "ws1/prv1/c1")
}

fn acme() -> Acme {
    Acme {
        email: "ops@example.com".to_owned(),
        resolver: Some("production".to_owned()),
    }
}

fn with_acme() -> Traefik {
    Traefik {
        acme: Some(acme()),
        ..plain()
    }
}

fn certificate(name: &str, object: &str) -> VaultCertificate {
    VaultCertificate {
        name: name.to_owned(),
        object: object.to_owned(),
        version: None,
    }
}

fn vault(name: &str, certificates: Vec<VaultCertificate>) -> VaultMount {
    let parameters = [
        ("clientID", "11111111-1111-1111-1111-111111111111"),
        ("keyvaultName", name),
        ("tenantId", "22222222-2222-2222-2222-222222222222"),
    ];
    VaultMount {
        name: format!("kompox-{name}"),
        parameters: parameters
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        certificates,
    }
}

fn with_vaults() -> Traefik {
    let pinned = VaultCertificate {
        version: Some("0123456789abcdef0123456789abcdef".to_owned()),
        ..certificate("shop", "shop-2026")
    };
    Traefik {
        service_account_annotations: [(
            "azure.workload.identity/client-id".to_owned(),
            "11111111-1111-1111-1111-111111111111".to_owned(),
        )]
        .into(),
        pod_labels: [("azure.workload.identity/use".to_owned(), "true".to_owned())].into(),
        vaults: vec![
            vault("kv-one", vec![certificate("*.example.com", "wildcard"), pinned]),
            vault("kv-two", vec![certificate("shop", "shop")]),
        ],
        ..plain()
    }
}

fn with_custom_resources() -> Traefik {
    Traefik {
        custom_resources: true,
        ..plain()
    }
}

/// Each of them, by what the documents call it.
fn variants() -> BTreeMap<&'static str, Traefik> {
    BTreeMap::from([
        ("default", plain()),
        ("acme", with_acme()),
        ("vaults", with_vaults()),
        ("custom-resources", with_custom_resources()),
    ])
}

fn objects(traefik: &Traefik) -> Vec<Value> {
    let objects = traefik.objects().unwrap();
    objects.iter().map(|object| object.value().clone()).collect()
}

fn one(traefik: &Traefik, kind: &str) -> Value {
    let mut of_kind = objects(traefik)
        .into_iter()
        .filter(|object| object["kind"] == kind);
    of_kind.next().unwrap_or_else(|| panic!("there is no {kind}"))
}

fn arguments(traefik: &Traefik) -> Vec<String> {
    let container = one(traefik, "Deployment")["spec"]["template"]["spec"]["containers"][0].take();
    serde_json::from_value(container["args"].clone()).unwrap()
}

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// The files are what `kubectl apply` would be given. `UPDATE_MANIFESTS=1` writes them anew, to be read before they
/// are kept.
#[test]
fn the_manifests_are_those_that_were_read_and_found_good() {
    for (name, traefik) in variants() {
        let documents = objects(&traefik)
            .iter()
            .map(|object| serde_saphyr::to_string(object).unwrap())
            .collect::<Vec<_>>();
        let text = documents.join("---\n");
        let file = path(&format!("src/traefik/manifests/{name}.yaml"));
        if std::env::var_os("UPDATE_MANIFESTS").is_some() {
            fs::write(&file, &text).unwrap();
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "{name}");
    }
}

#[test]
fn every_object_says_what_it_is_of_whose_it_is_and_what_it_should_be() {
    for traefik in variants().into_values() {
        for object in objects(&traefik) {
            let metadata = &object["metadata"];
            let label = |name: &str| metadata["labels"][name].as_str();
            assert_eq!(label(labels::MANAGED_BY), Some("kompoxops"), "{object}");
            assert_eq!(label(labels::NAME), Some("traefik"));
            assert_eq!(label(labels::INSTANCE), Some("traefik"));
            assert!(label(labels::COMPONENT).is_some());
            assert_eq!(metadata["annotations"][labels::CLUSTER], "ws1/prv1/c1");
            assert_eq!(metadata["annotations"][labels::HASH].as_str().unwrap().len(), 40);
        }
    }
}

#[test]
fn the_last_object_changes_whenever_there_are_others_than_before() {
    let marks: BTreeSet<String> = variants()
        .into_values()
        .map(|traefik| objects(&traefik).pop().unwrap())
        .inspect(|last| assert_eq!(last["kind"], "IngressClass"))
        .map(|last| last["metadata"]["annotations"][labels::HASH].to_string())
        .collect();
    assert_eq!(marks.len(), variants().len());
}

#[test]
fn b48_the_client_address_is_kept_with_and_without_certificates() {
    for traefik in variants().into_values() {
        assert_eq!(one(&traefik, "Service")["spec"]["externalTrafficPolicy"], "Local");
    }
}

#[test]
fn b51_without_an_address_there_is_no_acme_and_no_address_is_made_up() {
    assert!(
        arguments(&plain())
            .iter()
            .all(|argument| !argument.contains("acme"))
    );
    for email in ["", "ops", "@example.com", "ops@localhost", "o ps@example.com"] {
        let mut traefik = with_acme();
        traefik.acme = Some(Acme {
            email: email.to_owned(),
            ..acme()
        });
        assert_eq!(
            traefik.objects().unwrap_err().kind(),
            ErrorKind::InvalidInput,
            "{email:?}"
        );
    }
}

#[test]
fn with_acme_there_is_one_pod_that_is_replaced_and_never_two() {
    let deployment = one(&with_acme(), "Deployment");
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(deployment["spec"]["strategy"]["type"], "Recreate");
    assert!(
        objects(&with_acme())
            .iter()
            .all(|object| object["kind"] != "PodDisruptionBudget")
    );
    let many = Traefik {
        replicas: Some(2),
        ..with_acme()
    };
    assert!(many.objects().unwrap_err().to_string().contains("one writer"));
    let many = Traefik {
        replicas: Some(3),
        ..plain()
    };
    assert_eq!(one(&many, "Deployment")["spec"]["replicas"], 3);
}

#[test]
fn b53_a_certificate_is_mounted_where_the_configuration_looks_for_it_whatever_the_vault_calls_it() {
    let traefik = with_vaults();
    let config = one(&traefik, "ConfigMap")["data"]["certificates.yml"].take();
    let config: Value = serde_saphyr::from_str(config.as_str().unwrap()).unwrap();
    let named: BTreeSet<String> = config["tls"]["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .inspect(|entry| assert_eq!(entry["certFile"], entry["keyFile"]))
        .map(|entry| entry["certFile"].as_str().unwrap().to_owned())
        .collect();
    let pod = one(&traefik, "Deployment")["spec"]["template"]["spec"].take();
    let mut mounted = BTreeSet::new();
    let classes = objects(&traefik)
        .into_iter()
        .filter(|object| object["kind"] == "SecretProviderClass");
    for class in classes {
        let name = &class["metadata"]["name"];
        let volumes = pod["volumes"].as_array().unwrap();
        let volume = volumes
            .iter()
            .find(|volume| volume["csi"]["volumeAttributes"]["secretProviderClass"] == *name)
            .unwrap();
        assert_eq!(volume["csi"]["readOnly"], true);
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap();
        let mount = mounts
            .iter()
            .find(|mount| mount["name"] == volume["name"])
            .unwrap();
        // YAML in YAML, as the driver reads it.
        let list: Value =
            serde_saphyr::from_str(class["spec"]["parameters"]["objects"].as_str().unwrap()).unwrap();
        for entry in list["array"].as_array().unwrap() {
            let entry: Value = serde_saphyr::from_str(entry.as_str().unwrap()).unwrap();
            assert_eq!(entry["objectType"], "secret");
            mounted.insert(format!(
                "{}/{}",
                mount["mountPath"].as_str().unwrap(),
                entry["objectAlias"].as_str().unwrap()
            ));
        }
    }
    assert_eq!(named.len(), 3);
    assert_eq!(named, mounted);
}

#[test]
fn pods_are_replaced_when_they_are_to_mount_other_certificates() {
    let template = |traefik: &Traefik| one(traefik, "Deployment")["spec"]["template"]["metadata"].take();
    let mut other = with_vaults();
    let before = template(&other);
    other.vaults[0].certificates[0].object = "wildcard-2027".to_owned();
    assert_ne!(template(&other), before);
    assert_eq!(template(&with_vaults()), before);
}

#[test]
fn an_image_is_named_by_what_was_said_and_no_digest_is_made_up() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let image = |registry: Option<&str>, tag: Option<&str>, digest: Option<&str>| Image {
        registry: registry.map(str::to_owned),
        repository: None,
        tag: tag.map(str::to_owned),
        digest: digest.map(str::to_owned),
    };
    assert_eq!(Image::default().reference(), "docker.io/traefik:v3.7.13");
    assert_eq!(
        image(Some("cr1.azurecr.io"), Some("v3.7.9"), None).reference(),
        "cr1.azurecr.io/traefik:v3.7.9"
    );
    assert_eq!(
        image(None, None, Some(&digest)).reference(),
        format!("docker.io/traefik@{digest}")
    );
    assert_eq!(
        image(None, Some("v3"), Some(&digest)).reference(),
        format!("docker.io/traefik:v3@{digest}")
    );
    for wrong in [
        image(Some(""), None, None),
        image(None, Some("a b"), None),
        image(Some("https://mirror.example.com"), None, None),
        image(Some("mirror.example.com/"), None, None),
        image(None, Some("v3.7.13/x"), None),
        Image {
            repository: Some("library/traefik:v1".to_owned()),
            ..Image::default()
        },
        image(None, None, Some("sha256:0")),
    ] {
        let traefik = Traefik {
            image: wrong,
            ..plain()
        };
        assert_eq!(traefik.objects().unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn headers_with_aliasing_names_are_taken_off_where_traefik_can_and_nothing_else_was_said() {
    let told = |tag: Option<&str>, digest: Option<&str>, aliases: Option<HeaderAliases>| {
        let mut traefik = plain();
        traefik.image.tag = tag.map(str::to_owned);
        traefik.image.digest = digest.map(str::to_owned);
        traefik.header_aliases = aliases;
        let mut found = arguments(&traefik);
        found.retain(|argument| argument.contains("aliasheadersstrategy"));
        found
    };
    let both = |word: &str| {
        ["web", "websecure"].map(|at| format!("--entrypoints.{at}.http.aliasheadersstrategy={word}"))
    };
    let digest = format!("sha256:{}", "0".repeat(64));
    assert_eq!(told(None, None, None), both("delete"));
    assert_eq!(told(Some("v3.7.12"), None, None), both("delete"));
    // An argument that it does not know keeps it from starting.
    for (tag, digest) in [
        (Some("v3.7.11"), None),
        (Some("latest"), None),
        (None, Some(digest.as_str())),
    ] {
        assert_eq!(told(tag, digest, None), Vec::<String>::new(), "{tag:?}");
    }
    for (word, aliases) in HeaderAliases::ALL {
        assert_eq!(told(None, None, Some(aliases)), both(word));
        assert_eq!(told(None, Some(&digest), Some(aliases)), both(word));
    }
    let old = Traefik {
        image: Image {
            tag: Some("v3.7.11".to_owned()),
            ..Image::default()
        },
        header_aliases: Some(HeaderAliases::Reject),
        ..plain()
    };
    assert_eq!(old.objects().unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let with = |change: fn(&mut Traefik)| {
        let mut traefik = with_vaults();
        change(&mut traefik);
        traefik.objects().unwrap_err().to_string()
    };
    for (text, change) in [
        (
            "no name of Kubernetes",
            (|t| t.namespace = "Traefik".to_owned()) as fn(&mut Traefik),
        ),
        ("belongs to Kubernetes", |t| {
            t.service_account = "default".to_owned();
        }),
        ("serves nobody", |t| t.replicas = Some(0)),
        ("two vaults", |t| t.vaults[1].name = t.vaults[0].name.clone()),
        ("no certificate of", |t| t.vaults[0].certificates.clear()),
        ("two certificates", |t| {
            t.vaults[0].certificates[1].name = "*.example.com".to_owned();
        }),
        ("is no parameter", |t| {
            t.vaults[0].parameters.insert("objects".to_owned(), String::new());
        }),
        ("no object of a vault", |t| {
            t.vaults[0].certificates[0].object = "a\"\nb".to_owned();
        }),
        ("no name of a certificate", |t| {
            t.vaults[0].certificates[0].name = "*".repeat(90);
        }),
    ] {
        let error = with(change);
        assert!(error.contains(text), "{text:?} is not in {error:?}");
    }
    let unknown = Traefik {
        acme: Some(Acme {
            resolver: Some("letsencrypt".to_owned()),
            ..acme()
        }),
        ..plain()
    };
    let error = unknown.objects().unwrap_err().to_string();
    assert!(error.contains("production and staging"), "{error}");
}

/// A row of the table in the document: of which variant, which object, which field, and what it says of ours.
fn rows(text: &str) -> Vec<[String; 4]> {
    text.lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| {
            line.split(" | ")
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect()
        })
        .filter(|cells: &Vec<String>| cells.len() == 6 && variants().contains_key(cells[0].as_str()))
        .map(|cells| {
            [
                cells[0].clone(),
                cells[1].clone(),
                cells[2].clone(),
                cells[4].clone(),
            ]
        })
        .collect()
}

#[test]
fn what_the_document_says_of_our_objects_is_so_and_it_speaks_of_every_kind() {
    let text = fs::read_to_string(path("../../design/traefik.md")).unwrap();
    let mut kinds = BTreeSet::new();
    for [variant, kind, pointer, said] in rows(&text) {
        kinds.insert(kind.clone());
        let traefik = &variants()[variant.as_str()];
        let object = objects(traefik)
            .into_iter()
            .find(|object| object["kind"] == kind.as_str());
        let place = format!("{variant} {kind} {pointer}");
        if pointer == "–" {
            assert_eq!(object.is_some(), said == "yes", "{place}");
            continue;
        }
        let object = object.unwrap_or_else(|| panic!("{place}: there is none"));
        let ours = object.pointer(&pointer);
        match said.as_str() {
            "–" => assert_eq!(ours, None, "{place}"),
            said => {
                let said: Value =
                    serde_json::from_str(said).unwrap_or_else(|_| panic!("{place}: {said} is no JSON"));
                assert_eq!(ours, Some(&said), "{place}");
            }
        }
    }
    for traefik in variants().into_values() {
        for object in objects(&traefik) {
            let kind = object["kind"].as_str().unwrap();
            assert!(kinds.contains(kind), "the document does not speak of {kind}");
        }
    }
}

proptest! {
    #[test]
    fn files_of_two_certificates_are_never_the_same_and_never_elsewhere(
        one in "[-._*/ a-fA-F0-9é]{1,6}",
        other in "[-._*/ a-fA-F0-9é]{1,6}",
    ) {
        let file = |name: &str| certificate(name, "o").file_name();
        prop_assert_eq!(file(&one) == file(&other), one == other);
        let inside = !file(&one).contains(|char: char| "/\\\"{".contains(char)) && !file(&one).contains("..");
        prop_assert!(inside);
    }
}
