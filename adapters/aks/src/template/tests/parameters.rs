//! The parameters that settings become, and the hash of them.

use super::*;

#[test]
fn every_parameter_gets_a_value_of_its_type_and_of_those_allowed() {
    for pairs in [
        &[][..],
        &[("AZURE_AKS_PRESET", "Standard")],
        &[("AZURE_AKS_PRESET", "HighSpec")],
    ] {
        let made = made(pairs, &Kept::default());
        let declared: Vec<&String> = map(template(), "parameters").map(|(name, _)| name).collect();
        let mut given: Vec<&String> = made.keys().collect();
        given.sort_unstable();
        let mut declared_sorted = declared.clone();
        declared_sorted.sort_unstable();
        assert_eq!(given, declared_sorted);
        for (name, parameter) in map(template(), "parameters") {
            let value = &made[name]["value"];
            let fits = match text(parameter, "type") {
                "string" | "securestring" => value.is_string(),
                "bool" => value.is_boolean(),
                "array" => value.is_array(),
                "object" => value.is_object(),
                other => panic!("{other}"),
            };
            assert!(fits, "{name}: {value}");
            let allowed: Vec<&Value> = list(parameter, "allowedValues").collect();
            assert!(allowed.is_empty() || allowed.contains(&value), "{name}: {value}");
            assert!(
                parameter.get("defaultValue").is_none(),
                "{name}: a default would hide a value that is not passed"
            );
        }
    }
}

#[test]
fn what_runs_is_passed_back_but_changes_no_hash() {
    let pool = |count, version: &str| KeptPool {
        count: Some(count),
        version: Some(version.to_owned()),
        tags: BTreeMap::from([("owner".to_owned(), version.to_owned())]),
    };
    let kept = Kept {
        identity: None,
        kubernetes_version: Some("1.34.2".to_owned()),
        pools: [
            ("system".to_owned(), pool(2, "1.34.1")),
            ("user".to_owned(), pool(9, "1.33.4")),
        ]
        .into(),
        ..Kept::default()
    };
    let unset = made(&[], &kept);
    assert_eq!(unset["kubernetesVersion"]["value"], "1.34.2");
    assert_eq!(unset["systemPool"]["value"]["version"], "1.34.1");
    assert_eq!(unset["systemPool"]["value"]["count"], 2);
    assert_eq!(unset["userPools"]["value"][0]["version"], "1.33.4");
    assert_eq!(unset["userPools"]["value"][0]["foreignTags"]["owner"], "1.33.4");
    // Nine nodes, but the preset allows three.
    assert_eq!(unset["userPools"]["value"][0]["count"], 3);
    let set = made(&[("AZURE_AKS_KUBERNETES_VERSION", "1.35")], &kept);
    assert_eq!(set["kubernetesVersion"]["value"], "1.35");
    assert_eq!(set["systemPool"]["value"]["version"], "1.35");
    let new = made(&[], &Kept::default());
    assert_eq!(new["kubernetesVersion"]["value"], "");
    assert_eq!(
        new["systemPool"]["value"]["count"],
        new["systemPool"]["value"]["minCount"]
    );
}

#[test]
fn channels_and_policy_that_no_setting_names_are_those_that_are_there_or_a_new_clusters_and_change_no_hash() {
    let value = |made: &Map<String, Value>, name: &str| made[name]["value"].as_str().unwrap().to_owned();
    let all = |pairs: &[(&str, &str)], kept: &Kept| {
        let made = made(pairs, kept);
        [
            "upgradeChannel",
            "nodeOsUpgradeChannel",
            "networkPolicy",
            "networkDataplane",
        ]
        .map(|name| value(&made, name))
    };
    let new = |pairs: &[(&str, &str)]| {
        let own = own(&scope(pairs));
        all(pairs, &Kept::of_new(&own))
    };
    assert_eq!(new(&[]), ["patch", "NodeImage", "cilium", "cilium"]);
    // A version that is named to the patch has no channel that would pass it.
    let exact = ("AZURE_AKS_KUBERNETES_VERSION", "1.36.2");
    assert_eq!(new(&[exact])[0], "none");
    assert_eq!(new(&[("AZURE_AKS_KUBERNETES_VERSION", "1.36")])[0], "patch");
    let set = [
        ("AZURE_AKS_UPGRADE_CHANNEL", "rapid"),
        ("AZURE_AKS_NODE_OS_UPGRADE_CHANNEL", "SecurityPatch"),
        ("AZURE_AKS_NETWORK_POLICY", "azure"),
    ];
    assert_eq!(new(&set), ["rapid", "SecurityPatch", "azure", "azure"]);
    let kept = Kept {
        upgrade_channel: Some("stable".to_owned()),
        node_os_upgrade_channel: Some("None".to_owned()),
        network_policy: Some("calico".to_owned()),
        network_dataplane: Some("azure".to_owned()),
        ..Kept::default()
    };
    assert_eq!(all(&[], &kept), ["stable", "None", "calico", "azure"]);
    assert_eq!(all(&set, &kept), ["rapid", "SecurityPatch", "azure", "azure"]);
    // An old cluster tells none: then none is sent.
    assert_eq!(all(&[], &Kept::default()), ["", "", "", ""]);
    // The channel of images holds that of the nodes, whatever was there.
    let images = ("AZURE_AKS_UPGRADE_CHANNEL", "node-image");
    assert_eq!(all(&[images], &kept)[1], "NodeImage");
    // A setting counts also where it says what a new cluster would get: one that is there may have something else.
    for pair in [
        ("AZURE_AKS_UPGRADE_CHANNEL", "patch"),
        ("AZURE_AKS_NODE_OS_UPGRADE_CHANNEL", "NodeImage"),
        ("AZURE_AKS_NETWORK_POLICY", "cilium"),
    ] {
        assert_ne!(hashed(&[]), hashed(&[pair]), "{pair:?}");
    }
}

#[test]
fn a_hash_holds_no_password_and_does_not_depend_on_the_order_of_keys() {
    let with = |address| hashed(&[("AZURE_AKS_HTTPS_PROXY", address)]);
    let one = with("http://me:hunter2@proxy:3128");
    assert_eq!(one, with("http://you:hunter3@proxy:3128"));
    assert_ne!(one, with("http://me:hunter2@other:3128"));
    assert!(one.len() == 64 && one.bytes().all(|b| b.is_ascii_hexdigit()));
    let text = |json: &str| {
        let mut text = String::new();
        canonical(&serde_json::from_str(json).unwrap(), &mut text);
        text
    };
    assert_eq!(
        text(r#"{"b":[1,{"d":null,"c":"x"}],"a":true}"#),
        text(r#"{"a":true,"b":[1,{"c":"x","d":null}]}"#)
    );
    assert_ne!(text(r#"{"a":[1,2]}"#), text(r#"{"a":[2,1]}"#));
    assert_ne!(text(r#"["a","b"]"#), text(r#"["a\",\"b"]"#));
}

#[test]
fn spot_machines_leave_the_system_pool_to_everybody() {
    let regular = made(&[], &Kept::default());
    assert_eq!(
        regular["systemPool"]["value"]["taints"][0],
        "CriticalAddonsOnly=true:NoSchedule"
    );
    let spot = made(&[("AZURE_AKS_USER_VM_PRIORITY", "Spot")], &Kept::default());
    assert_eq!(spot["systemPool"]["value"]["taints"], json!([]));
    assert_eq!(spot["userPools"]["value"][0]["priority"], "Spot");
}
