//! Tests of reading a cluster's settings.

use kompox_domain::Hint;
use kompox_domain::hint::in_words;
use kompox_domain::model::{AnyId, Ingress, Protection};
use kompox_domain::settings::{SettingValue, Settings};
use kompox_domain::{Cluster, Error, ErrorKind, Result, Secret, SecretReader, SecretRef};

use super::*;
use crate::settings::keys;

const ID: &str = "00000000-0000-0000-0000-00000000000a";
const SUBNET: &str =
    "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/aks";
const ZONE: &str = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/privateDnsZones/privatelink.japaneast.azmk8s.io";
const IDENTITY: &str =
    "/subscriptions/s/resourceGroups/net/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me";
const CLUSTER: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c";

struct Known;

impl SecretReader for Known {
    fn read(&self, reference: &SecretRef) -> Result<Secret> {
        match reference {
            SecretRef::Env(name) if name == "PROXY" => {
                Ok(Secret::new("http://me:hunter2@proxy:3128".to_owned()))
            }
            other => Err(Error::new(ErrorKind::InvalidInput, format!("{other} is not set"))),
        }
    }
}

fn cluster(existing: bool, pairs: &[(&str, &str)]) -> Cluster {
    let AnyId::Cluster(id) = "/ws/ws1/prv/prv1/cls/c1".parse().unwrap() else {
        unreachable!()
    };
    let ingress = Ingress::new("traefik".parse().unwrap(), "traefik".parse().unwrap());
    let value = |text: &str| match text.strip_prefix("env:") {
        Some(name) => SettingValue::Reference(SecretRef::Env(name.to_owned())),
        None => SettingValue::Plain(text.to_owned()),
    };
    let settings: Settings = pairs
        .iter()
        .map(|(key, text)| ((*key).to_owned(), value(text)))
        .collect();
    Cluster {
        id,
        existing,
        protection: Protection::default(),
        ingress,
        settings,
    }
}

fn own(pairs: &[(&str, &str)]) -> ProvisionedSettings {
    match ClusterSettings::read(&cluster(false, pairs), "japaneast", Some("k"), &Known).unwrap() {
        ClusterSettings::Provisioned(own) => *own,
        ClusterSettings::Existing(_) => unreachable!(),
    }
}

fn told(existing: bool, pairs: &[(&str, &str)]) -> Vec<String> {
    let cluster = cluster(existing, pairs);
    let offline: Vec<String> = ClusterSettings::problems(&cluster, Some("japaneast"), Some("k"))
        .iter()
        .map(ToString::to_string)
        .collect();
    let read = ClusterSettings::read(&cluster, "japaneast", Some("k"), &Known);
    let online: Vec<String> = read
        .err()
        .map(|problems| {
            problems
                .0
                .iter()
                .map(|problem| problem.message().to_owned())
                .collect()
        })
        .unwrap_or_default();
    if !pairs.iter().any(|(_, text)| text.starts_with("env:")) {
        assert_eq!(offline, online, "{pairs:?}");
    }
    offline
}

/// Exactly one thing is wrong, and the text names the key.
fn one(key: &str, pairs: &[(&str, &str)]) -> String {
    let told = told(false, pairs);
    assert_eq!(told.len(), 1, "{pairs:?}: {told:?}");
    let message = told.into_iter().next().unwrap();
    assert!(message.contains(key), "{message}");
    message
}

#[test]
fn without_settings_a_cluster_is_public_small_and_never_spot() {
    let own = own(&[]);
    assert_eq!(own.group, "k_cls_c1_c925e0");
    assert_eq!(own.preset.name, "CostOptimised");
    assert_eq!((own.system.priority, own.user.priority), ("Regular", "Regular"));
    assert!(matches!(own.api_server, ApiServer::Public { ref ranges } if ranges.is_empty()));
    assert!(own.kubernetes_version.is_none() && own.proxy.is_none() && !own.adopt);
    assert_eq!(own.user_pools(), [("user".to_owned(), None)]);
}

#[test]
fn every_key_is_read_so_that_what_is_wrong_with_it_is_told() {
    for key in keys::CLUSTER {
        // Nobody's value: a text that no setting takes.
        let pairs = [(*key, "?!\u{1}")];
        let (own, existing) = (told(false, &pairs), told(true, &pairs));
        assert!(own.iter().any(|message| message.contains(key)), "{key}: {own:?}");
        assert!(
            existing.iter().any(|message| message.contains(key)),
            "{key}: {existing:?}"
        );
    }
}

#[test]
fn every_problem_is_told_at_once_and_has_a_hint() {
    let pairs = [
        ("AZURE_AKS_PRESET", "Standart"),
        ("AZURE_AKS_PRIVATE_CLUSTER", "yes"),
        ("AZURE_AKS_USER_VM_ZONES", "1,westus-2"),
        ("AZURE_AKS_VNET_SUBNET_ID", CLUSTER),
    ];
    let problems = ClusterSettings::problems(&cluster(false, &pairs), Some("japaneast"), Some("k"));
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("{problem} ({})", in_words(problem.hints())))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    setting AZURE_AKS_PRESET "Standart" is not known (did you mean Standard?)
    setting AZURE_AKS_USER_VM_ZONES is not usable: zone "westus-2" lies in region "westus", but the provider's region is "japaneast" (write the numbers of zones, for example 1,2,3)
    setting AZURE_AKS_PRIVATE_CLUSTER "yes" is not true or false (write true or false)
    setting AZURE_AKS_VNET_SUBNET_ID "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerService/managedClusters/c" is not the id of a subnet (write /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<name>/subnets/<name>)
    "#);
    let all = ClusterSettings::read(&cluster(false, &pairs), "japaneast", Some("k"), &Known).unwrap_err();
    assert!(
        pairs
            .iter()
            .all(|(key, _)| all.to_error().to_string().contains(key))
    );
}

#[test]
fn values_are_checked_one_by_one() {
    let bad = [
        (
            "AZURE_AKS_KUBERNETES_VERSION",
            &["1", "1.33.2.1", "v1.33", "2.0", "1.033", "1.x", "1."][..],
        ),
        ("AZURE_AKS_UPGRADE_CHANNEL", &["None", "NodeImage", "weekly"]),
        ("AZURE_AKS_NODE_OS_UPGRADE_CHANNEL", &["none", "node-image"]),
        ("AZURE_AKS_MAINTENANCE_WINDOW", &["Sat", "Sat 01:00 3h +09:00"]),
        ("AZURE_AKS_NETWORK_POLICY", &["calico", "Cilium"]),
        ("AZURE_AKS_ENCRYPTION_AT_HOST", &["yes"]),
        ("AZURE_AKS_DISK_ENCRYPTION_SET_ID", &[SUBNET, "des"]),
        ("AZURE_AKS_SKU_TIER", &["Paid", "free"]),
        (
            "AZURE_AKS_SYSTEM_VM_SIZE",
            &["D4s_v5", "Standard_", "Standard_D4 s", "Standard_D4/../x"],
        ),
        (
            "AZURE_AKS_USER_VM_DISK_SIZE_GB",
            &["29", "2049", "64GB", "-1", "64.5"],
        ),
        ("AZURE_AKS_USER_VM_ZONES", &["0", "1;2", "westus-1"]),
        (
            "AZURE_AKS_AUTHORIZED_IP_RANGES",
            &["10.0.0.0/33", "10.0.0.1/24", "::1/128", "example.com", "1.2.3.4/"],
        ),
        (
            "AZURE_AKS_ADMIN_PRINCIPAL_IDS",
            &["me@example.com", "robot:x", "group:"],
        ),
        ("AZURE_AKS_DISABLE_RUN_COMMAND", &["True", "1"]),
        (
            "AZURE_AKS_HTTP_PROXY",
            &["proxy:3128", "https://proxy", "http://"],
        ),
        ("AZURE_RESOURCE_GROUP_ADOPT", &["true", "Use"]),
        ("AZURE_AKS_DNS_ZONE_RESOURCE_IDS", &[SUBNET, "example.com"]),
    ];
    for (key, texts) in bad {
        for text in texts {
            one(key, &[(key, text)]);
        }
    }
}

#[test]
fn a_range_that_does_not_begin_a_network_says_which_was_meant() {
    let pairs = [("AZURE_AKS_AUTHORIZED_IP_RANGES", "203.0.113.7/24")];
    let problems = ClusterSettings::problems(&cluster(false, &pairs), None, Some("k"));
    assert_eq!(
        problems.first().unwrap().hints(),
        [Hint::text("did you mean 203.0.113.0/24?")]
    );
}

#[test]
fn lists_take_commas_and_white_space_and_drop_what_comes_twice() {
    let group = format!("group:{}", ID.to_uppercase());
    let own = own(&[
        (
            "AZURE_AKS_AUTHORIZED_IP_RANGES",
            "203.0.113.0/24, 198.51.100.7\n203.0.113.0/24",
        ),
        ("AZURE_AKS_USER_VM_ZONES", "2 1,japaneast-2"),
        ("AZURE_AKS_ADMIN_PRINCIPAL_IDS", &format!("{group} {group}")),
    ]);
    let ApiServer::Public { ranges } = &own.api_server else {
        unreachable!()
    };
    assert_eq!(*ranges, ["198.51.100.7/32", "203.0.113.0/24"]);
    let pools: Vec<String> = own.user_pools().into_iter().map(|(name, _)| name).collect();
    assert_eq!(pools, ["user1", "user2"]);
    assert_eq!(own.admins, [(ID.to_owned(), "Group")]);
}

#[test]
fn contradictions_are_told() {
    let private = ("AZURE_AKS_PRIVATE_CLUSTER", "true");
    one(
        "AZURE_AKS_AUTHORIZED_IP_RANGES",
        &[private, ("AZURE_AKS_AUTHORIZED_IP_RANGES", "203.0.113.0/24")],
    );
    let (none, hidden) = (
        ("AZURE_AKS_PRIVATE_DNS_ZONE", "none"),
        ("AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN", "false"),
    );
    one("AZURE_AKS_PRIVATE_DNS_ZONE", &[private, none, hidden]);
    assert_eq!(told(false, &[private, none]), [""; 0]);
    let other = ZONE.replace("japaneast", "westus");
    one(
        "AZURE_AKS_PRIVATE_DNS_ZONE",
        &[private, ("AZURE_AKS_PRIVATE_DNS_ZONE", &other)],
    );
    for outbound in ["userDefinedRouting", "userAssignedNATGateway"] {
        let outbound = ("AZURE_AKS_OUTBOUND_TYPE", outbound);
        one("AZURE_AKS_VNET_SUBNET_ID", &[outbound]);
        assert_eq!(
            told(false, &[outbound, ("AZURE_AKS_VNET_SUBNET_ID", SUBNET)]),
            [""; 0]
        );
    }
    for (outbound, words) in [
        ("none", "network isolated"),
        ("block", "preview"),
        ("managedNATGatewayV2", "preview"),
    ] {
        let told = told(false, &[("AZURE_AKS_OUTBOUND_TYPE", outbound)]);
        assert!(
            matches!(&told[..], [problem] if problem.contains(words) && problem.contains(outbound)),
            "{told:?}"
        );
    }
    let managed = ("AZURE_AKS_OUTBOUND_TYPE", "managedNATGateway");
    one(
        "AZURE_AKS_OUTBOUND_TYPE",
        &[managed, ("AZURE_AKS_VNET_SUBNET_ID", SUBNET)],
    );
    one(
        "AZURE_AKS_SYSTEM_VM_PRIORITY",
        &[("AZURE_AKS_SYSTEM_VM_PRIORITY", "Spot")],
    );
    let (images, node_os) = (
        ("AZURE_AKS_UPGRADE_CHANNEL", "node-image"),
        "AZURE_AKS_NODE_OS_UPGRADE_CHANNEL",
    );
    for other in ["None", "Unmanaged", "SecurityPatch"] {
        one(node_os, &[images, (node_os, other)]);
    }
    assert_eq!(told(false, &[images, (node_os, "NodeImage")]), [""; 0]);
    let twice = format!("{ID},group:{ID}");
    one(
        "AZURE_AKS_ADMIN_PRINCIPAL_IDS",
        &[("AZURE_AKS_ADMIN_PRINCIPAL_IDS", &twice)],
    );
}

#[test]
fn what_would_have_no_effect_is_told() {
    for (key, text) in [
        ("AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN", "true"),
        ("AZURE_AKS_PRIVATE_DNS_ZONE", "system"),
        ("AZURE_AKS_IDENTITY_RESOURCE_ID", IDENTITY),
        ("AZURE_AKS_NO_PROXY", "localhost"),
        ("AZURE_AKS_PROXY_CA_FILE", "/ca.pem"),
        ("AZURE_AKS_RESOURCE_ID", CLUSTER),
        ("AZURE_INGRESS_CLIENT_ID", ID),
    ] {
        assert!(one(key, &[(key, text)]).contains("no effect"), "{key}");
    }
    let window = ("AZURE_AKS_MAINTENANCE_WINDOW", "Sat 01:00 4h +09:00");
    let off = [
        window,
        ("AZURE_AKS_UPGRADE_CHANNEL", "none"),
        ("AZURE_AKS_NODE_OS_UPGRADE_CHANNEL", "Unmanaged"),
    ];
    assert!(one("AZURE_AKS_MAINTENANCE_WINDOW", &off).contains("no effect"));
    assert_eq!(told(false, &[window]), [""; 0]);
    let identity = ("AZURE_AKS_IDENTITY_RESOURCE_ID", IDENTITY);
    assert_eq!(
        told(false, &[identity, ("AZURE_AKS_VNET_SUBNET_ID", SUBNET)]),
        [""; 0]
    );
    let zone = [
        identity,
        ("AZURE_AKS_PRIVATE_CLUSTER", "true"),
        ("AZURE_AKS_PRIVATE_DNS_ZONE", ZONE),
    ];
    assert_eq!(told(false, &zone), [""; 0]);
}

#[test]
fn an_existing_cluster_is_found_by_its_id_and_takes_nothing_that_is_about_making_one() {
    let id = ("AZURE_AKS_RESOURCE_ID", CLUSTER);
    assert_eq!(told(true, &[id, ("AZURE_INGRESS_CLIENT_ID", ID)]), [""; 0]);
    assert!(
        told(true, &[])
            .concat()
            .contains("AZURE_AKS_RESOURCE_ID is missing")
    );
    assert!(
        told(true, &[("AZURE_AKS_RESOURCE_ID", "env:ID")])
            .concat()
            .contains("written out")
    );
    let both = told(
        true,
        &[
            id,
            ("AZURE_AKS_PRESET", "Standard"),
            ("AZURE_RESOURCE_GROUP_NAME", "g"),
        ],
    );
    assert_eq!(both.len(), 2, "{both:?}");
    let read = ClusterSettings::read(&cluster(true, &[id]), "japaneast", None, &Known).unwrap();
    assert!(matches!(read, ClusterSettings::Existing(existing) if existing.id.to_string() == CLUSTER));
}

#[test]
fn offline_a_value_that_stands_elsewhere_is_not_read_and_nothing_is_concluded_from_it() {
    for pairs in [
        &[
            ("AZURE_AKS_PRIVATE_CLUSTER", "env:X"),
            ("AZURE_AKS_PRIVATE_DNS_ZONE", "none"),
        ][..],
        &[
            ("AZURE_AKS_HTTP_PROXY", "env:X"),
            ("AZURE_AKS_NO_PROXY", "localhost"),
        ],
        &[
            ("AZURE_AKS_VNET_SUBNET_ID", "env:X"),
            ("AZURE_AKS_IDENTITY_RESOURCE_ID", IDENTITY),
        ],
    ] {
        assert_eq!(told(false, pairs), [""; 0], "{pairs:?}");
    }
    let unset = ClusterSettings::read(
        &cluster(false, &[("AZURE_AKS_PRESET", "env:X")]),
        "japaneast",
        Some("k"),
        &Known,
    );
    let error = unset.unwrap_err().to_error().to_string();
    assert!(
        error.contains("AZURE_AKS_PRESET") && error.contains("env:X"),
        "{error}"
    );
}

#[test]
fn a_proxys_password_is_read_but_never_shown() {
    let own = own(&[("AZURE_AKS_HTTPS_PROXY", "env:PROXY")]);
    assert!(!format!("{own:?}").contains("hunter2"));
    assert_eq!(
        own.proxy.unwrap().https.unwrap().expose(),
        "http://me:hunter2@proxy:3128"
    );
    let wrong = one(
        "AZURE_AKS_HTTP_PROXY",
        &[("AZURE_AKS_HTTP_PROXY", "ftp://me:hunter2@proxy")],
    );
    assert!(!wrong.contains("hunter2"), "{wrong}");
}

#[test]
fn the_file_of_certificates_is_read_only_when_the_driver_is_made() {
    let directory = std::env::temp_dir().join(format!("kompox-proxy-ca-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let read = |name: &str, text: Option<&str>| {
        let path = directory.join(name);
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let pairs = [
            ("AZURE_AKS_HTTP_PROXY", "http://proxy:3128"),
            ("AZURE_AKS_PROXY_CA_FILE", path.to_str().unwrap()),
        ];
        let cluster = cluster(false, &pairs);
        assert!(ClusterSettings::problems(&cluster, None, Some("k")).is_empty());
        ClusterSettings::read(&cluster, "japaneast", Some("k"), &Known)
            .map_err(|problems| problems.to_error().to_string())
    };
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let ClusterSettings::Provisioned(own) = read("good.pem", Some(pem)).unwrap() else {
        unreachable!()
    };
    assert!(own.proxy.unwrap().ca.unwrap().starts_with("LS0tLS1CRUdJTiBDRVJU"));
    for (name, text, why) in [
        ("missing.pem", None, "does not exist"),
        ("empty.pem", Some(""), "holds no certificate"),
        (
            "key.pem",
            Some(&*format!("{pem}-----BEGIN PRIVATE KEY-----\n")),
            "private key",
        ),
    ] {
        let error = read(name, text).unwrap_err();
        assert!(
            error.contains(why) && error.contains("AZURE_AKS_PROXY_CA_FILE"),
            "{error}"
        );
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn an_ingress_that_cannot_be_is_told_without_a_request() {
    let problems_of = |change: fn(&mut kompox_domain::model::Ingress)| {
        let mut cluster = cluster(false, &[("AZURE_RESOURCE_GROUP_NAME", "rg")]);
        change(&mut cluster.ingress);
        let problems = ClusterSettings::problems(&cluster, Some("japaneast"), None);
        problems.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(problems_of(|_| ()), [] as [&str; 0]);
    let told = |change, part: &str| {
        let problems = problems_of(change);
        assert!(
            problems.len() == 1 && problems[0].contains(part),
            "{part}: {problems:?}"
        );
    };
    told(
        |ingress| ingress.controller = Some("nginx".to_owned()),
        "\"nginx\"",
    );
    told(
        |ingress| ingress.cert_resolver = Some("staging".to_owned()),
        "ingress.certEmail is not",
    );
    told(
        |ingress| ingress.cert_email = Some("somebody".to_owned()),
        "e-mail",
    );
    told(
        |ingress| {
            ingress.cert_email = Some("ops@example.org".to_owned());
            ingress.cert_resolver = Some("stagin".to_owned());
        },
        "production and staging",
    );
    told(
        |ingress| {
            ingress.cert_email = Some("ops@example.org".to_owned());
            ingress.replicas = Some(2);
        },
        "one pod",
    );
    told(
        |ingress| ingress.image.digest = Some("latest".to_owned()),
        "digest",
    );
}

#[test]
fn ultra_disks_are_for_user_pools_in_zones() {
    let zones = ("AZURE_AKS_USER_VM_ZONES", "1");
    let wanted = ("AZURE_AKS_USER_VM_ULTRA_SSD", "true");
    let with = own(&[zones, wanted]);
    assert!(with.user.ultra_ssd && !with.system.ultra_ssd);
    assert!(!own(&[zones]).user.ultra_ssd);
    let problems = told(false, &[wanted]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems
            .iter()
            .all(|problem| problem.contains("AZURE_AKS_USER_VM_ZONES")),
        "{problems:?}"
    );
}
