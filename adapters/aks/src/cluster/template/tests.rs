//! What the template is made of, and what each setting reaches in it.

use std::collections::{BTreeMap, BTreeSet};

use kompox_domain::model::{AnyId, Ingress, Protection};
use kompox_domain::settings::{SettingValue, Settings};
use kompox_domain::{Cluster, Result, SecretReader, SecretRef};

use super::*;
use crate::settings::{ClusterSettings, keys};

struct NoSecrets;

impl SecretReader for NoSecrets {
    fn read(&self, reference: &SecretRef) -> Result<Secret> {
        unreachable!("{reference}")
    }
}

fn settings(pairs: &[(&str, &str)]) -> Settings {
    let plain = |(key, text): &(&str, &str)| ((*key).to_owned(), SettingValue::Plain((*text).to_owned()));
    pairs.iter().map(plain).collect()
}

fn provider() -> ProviderSettings {
    let pairs = [
        ("AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000001"),
        ("AZURE_LOCATION", "japaneast"),
        ("AZURE_AUTH_METHOD", "azure_cli"),
    ];
    ProviderSettings::read(&settings(&pairs), &NoSecrets).unwrap()
}

fn scope(pairs: &[(&str, &str)]) -> ClusterScope {
    let AnyId::Cluster(id) = "/ws/ws1/prv/prv1/cls/c1".parse().unwrap() else {
        unreachable!()
    };
    let ingress = Ingress {
        namespace: "traefik".parse().unwrap(),
        service_account: "traefik".parse().unwrap(),
        controller: None,
        domain: None,
        cert_email: None,
        cert_resolver: None,
        certificates: vec![],
    };
    let mut all = settings(&[("AZURE_RESOURCE_GROUP_NAME", "rg")]);
    if !pairs.is_empty() {
        all = all
            .iter()
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .chain(
                settings(pairs)
                    .iter()
                    .map(|(key, value)| (key.to_owned(), value.clone())),
            )
            .collect();
    }
    ClusterScope {
        cluster: Cluster {
            id,
            existing: false,
            protection: Protection::default(),
            ingress,
            settings: all,
        },
    }
}

fn own(scope: &ClusterScope) -> OwnCluster {
    match ClusterSettings::read(&scope.cluster, "japaneast", None, &NoSecrets) {
        Ok(ClusterSettings::Own(own)) => *own,
        Ok(ClusterSettings::Existing(_)) => unreachable!(),
        Err(problems) => panic!("{}", problems.to_error()),
    }
}

fn made(pairs: &[(&str, &str)], kept: &Kept) -> Map<String, Value> {
    let scope = scope(pairs);
    parameters(&scope, &provider(), &own(&scope), Ulid::nil(), kept)
}

fn hashed(pairs: &[(&str, &str)]) -> String {
    let scope = scope(pairs);
    hash(&scope, &provider(), &own(&scope))
}

fn map<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The template itself and those nested in it, by name.
fn templates() -> Vec<(String, &'static Value)> {
    let nested = list(template(), "resources").filter_map(|resource| {
        let inner = resource.pointer("/properties/template")?;
        Some((deployment(resource), inner))
    });
    std::iter::once(("main".to_owned(), template()))
        .chain(nested)
        .collect()
}

/// `vault` of `[variables('deployments').vault]`.
fn deployment(resource: &Value) -> String {
    let name = text(resource, "name");
    name.strip_prefix("[variables('deployments').")
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or_else(|| panic!("{name}"))
        .to_owned()
}

fn resources() -> Vec<(String, &'static Value)> {
    templates()
        .into_iter()
        .flat_map(|(name, template)| {
            list(template, "resources").map(move |resource| (name.clone(), resource))
        })
        .filter(|(_, resource)| text(resource, "type") != "Microsoft.Resources/deployments")
        .collect()
}

/// Every string in a value, with where it stands.
fn strings(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((path.to_owned(), text.clone())),
        Value::Array(values) => values
            .iter()
            .for_each(|value| strings(value, &format!("{path}[]"), found)),
        Value::Object(values) => {
            for (key, value) in values {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                strings(value, &path, found);
            }
        }
        _ => {}
    }
}

/// What an expression names: `parameters('x')` or `variables('x')`.
fn names(kind: &str, text: &str) -> BTreeSet<String> {
    let text = if text.starts_with('[') { text } else { "" };
    text.split(&format!("{kind}('"))
        .skip(1)
        .filter_map(|rest| rest.split_once("')").map(|(name, _)| name.to_owned()))
        .collect()
}

/// The variables of a template that depend on a parameter.
fn tainted(template: &Value, parameter: &str) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    loop {
        let before = known.len();
        for (name, value) in map(template, "variables") {
            let mut found = Vec::new();
            strings(value, "", &mut found);
            if found.iter().any(|(_, text)| mentions(text, parameter, &known)) {
                known.insert(name.clone());
            }
        }
        if known.len() == before {
            return known;
        }
    }
}

fn mentions(text: &str, parameter: &str, variables: &BTreeSet<String>) -> bool {
    names("parameters", text).contains(parameter) || !names("variables", text).is_disjoint(variables)
}

/// The properties of resources that a parameter of the template reaches, and their texts.
fn reached(parameter: &str) -> BTreeSet<(String, String)> {
    let variables = tainted(template(), parameter);
    let mut reached = BTreeSet::new();
    for resource in list(template(), "resources") {
        let mut own = resource.clone();
        let Some(inner) = resource.pointer("/properties/template") else {
            collect(&own, parameter, &variables, "", &mut reached);
            continue;
        };
        if let Some(own) = own.as_object_mut() {
            for not_here in ["properties", "dependsOn", "name"] {
                own.remove(not_here);
            }
        }
        collect(&own, parameter, &variables, &deployment(resource), &mut reached);
        let Some(passed) = resource
            .pointer("/properties/parameters")
            .and_then(Value::as_object)
        else {
            continue;
        };
        for (name, value) in passed {
            if mentions(text(value, "value"), parameter, &variables) {
                let variables = tainted(inner, name);
                for resource in list(inner, "resources") {
                    collect(resource, name, &variables, "", &mut reached);
                }
            }
        }
    }
    reached
}

fn collect(
    resource: &Value,
    parameter: &str,
    variables: &BTreeSet<String>,
    name: &str,
    reached: &mut BTreeSet<(String, String)>,
) {
    let mut found = Vec::new();
    strings(resource, "", &mut found);
    let kind = text(resource, "type").rsplit('/').next().unwrap_or_default();
    let kind = if name.is_empty() {
        kind.to_owned()
    } else {
        format!("{kind}/{name}")
    };
    for (path, text) in found {
        if path != "dependsOn[]" && mentions(&text, parameter, variables) {
            let path = path.strip_prefix("properties.").unwrap_or(&path);
            reached.insert((format!("{kind}.{path}"), text));
        }
    }
}

#[test]
fn these_are_the_resources() {
    let line = |(deployment, resource): &(String, &Value)| {
        let condition = text(resource, "condition");
        let repeated = resource.get("copy").map_or("", |_| " for each");
        let condition = if condition.is_empty() {
            String::new()
        } else {
            format!(" if {condition}")
        };
        format!(
            "{deployment}: {} {}{repeated}{condition}",
            text(resource, "type"),
            text(resource, "apiVersion")
        )
    };
    let all: Vec<String> = resources().iter().map(line).collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    main: Microsoft.Resources/resourceGroups 2025-04-01 if [not(parameters('adoptResourceGroup'))]
    vault: Microsoft.KeyVault/vaults 2024-11-01
    monitoring: Microsoft.OperationalInsights/workspaces 2023-09-01
    monitoring: Microsoft.Insights/dataCollectionRules 2023-03-11
    monitoring: Microsoft.Insights/components 2020-02-02 if [parameters('applicationInsights')]
    registry: Microsoft.ContainerRegistry/registries 2025-11-01
    registry: Microsoft.Insights/diagnosticSettings 2021-05-01-preview
    identities: Microsoft.ManagedIdentity/userAssignedIdentities 2024-11-30
    identities: Microsoft.ManagedIdentity/userAssignedIdentities 2024-11-30 if [parameters('makeClusterIdentity')]
    dnsZoneRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    subnetRoles: Microsoft.Authorization/roleAssignments 2022-04-01 if [parameters('wholeNetwork')]
    subnetRoles: Microsoft.Authorization/roleAssignments 2022-04-01 if [not(parameters('wholeNetwork'))]
    cluster: Microsoft.ContainerService/managedClusters 2025-05-01
    cluster: Microsoft.Insights/dataCollectionRuleAssociations 2023-03-11
    userPools: Microsoft.ContainerService/managedClusters/agentPools 2025-05-01 for each
    clusterRoles: Microsoft.Authorization/roleAssignments 2022-04-01 for each
    registryRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    registryRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    vaultRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    vaultRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    ingressCredential: Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials 2024-11-30
    "#);
}

#[test]
fn these_are_the_deployments_with_what_they_wait_for() {
    let name = |text: &str| {
        text.rsplit("variables('deployments').")
            .next()
            .unwrap_or_default()
            .trim_end_matches([')', ']'])
            .to_owned()
    };
    let line = |resource: &Value| {
        let waits: Vec<String> = list(resource, "dependsOn")
            .filter_map(Value::as_str)
            .filter(|text| text.contains("Microsoft.Resources/deployments"))
            .map(name)
            .collect();
        let condition = text(resource, "condition");
        let condition = if condition.is_empty() {
            String::new()
        } else {
            format!(" if {condition}")
        };
        format!("{} after [{}]{condition}", deployment(resource), waits.join(", "))
    };
    let all: Vec<String> = list(template(), "resources")
        .filter(|resource| text(resource, "type") == "Microsoft.Resources/deployments")
        .map(line)
        .collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    vault after []
    monitoring after []
    registry after [monitoring]
    identities after []
    dnsZoneRoles after [identities] if [and(variables('ownDnsZone'), variables('makeClusterIdentity'))]
    subnetRoles after [identities] if [and(variables('ownSubnet'), variables('makeClusterIdentity'))]
    cluster after [monitoring, identities, dnsZoneRoles, subnetRoles]
    userPools after [cluster]
    clusterRoles after [cluster]
    registryRoles after [registry, cluster]
    vaultRoles after [vault, identities]
    ingressCredential after [identities, cluster]
    "#);
}

#[test]
fn the_outputs_are_those_that_later_steps_read() {
    let all: Vec<&str> = map(template(), "outputs")
        .map(|(name, _)| name.as_str())
        .collect();
    insta::assert_snapshot!(all.join("\n"), @r#"
    AZURE_AKS_CLUSTER_NAME
    AZURE_AKS_CLUSTER_PRINCIPAL_ID
    AZURE_AKS_KUBELET_PRINCIPAL_ID
    AZURE_AKS_OIDC_ISSUER_URL
    AZURE_CONTAINER_REGISTRY_ENDPOINT
    AZURE_CONTAINER_REGISTRY_NAME
    AZURE_INGRESS_SERVICE_ACCOUNT_CLIENT_ID
    AZURE_INGRESS_SERVICE_ACCOUNT_NAME
    AZURE_INGRESS_SERVICE_ACCOUNT_NAMESPACE
    AZURE_INGRESS_SERVICE_ACCOUNT_PRINCIPAL_ID
    AZURE_LOCATION
    AZURE_RESOURCE_GROUP_NAME
    AZURE_SUBSCRIPTION_ID
    AZURE_TENANT_ID
    "#);
}

#[test]
fn api_versions_are_stable_ones() {
    // The one type without a usable stable version: deployments with 2016-09-01 fail (azure-rest-api-specs#16697).
    let exception = ("Microsoft.Insights/diagnosticSettings", "2021-05-01-preview");
    let previews: Vec<(&str, &str)> = resources()
        .iter()
        .map(|(_, resource)| (text(resource, "type"), text(resource, "apiVersion")))
        .filter(|(_, version)| version.len() != "2025-01-01".len())
        .collect();
    assert_eq!(previews, [exception]);
}

#[test]
fn a_deployment_waits_for_every_other_that_it_reads_and_for_its_group() {
    for resource in list(template(), "resources").skip(1) {
        let waits: String = list(resource, "dependsOn").filter_map(Value::as_str).collect();
        let mut found = Vec::new();
        strings(&resource["properties"]["parameters"], "", &mut found);
        for (_, text) in found {
            for other in text.split("variables('deployments').").skip(1) {
                let other = other.split(')').next().unwrap();
                assert!(
                    waits.contains(&format!(".{other})")),
                    "{}: {other}",
                    deployment(resource)
                );
            }
        }
        let own_group = text(resource, "resourceGroup") == "[parameters('resourceGroupName')]";
        assert_eq!(
            own_group,
            waits.contains("Microsoft.Resources/resourceGroups"),
            "{}",
            deployment(resource)
        );
    }
}

#[test]
fn every_parameter_and_variable_is_declared_and_used_and_every_nested_parameter_is_passed() {
    for (name, template) in templates() {
        let mut template = template.clone();
        let declared =
            |part: &str| -> BTreeSet<String> { map(&template, part).map(|(name, _)| name.clone()).collect() };
        let (parameters, variables) = (declared("parameters"), declared("variables"));
        template.as_object_mut().unwrap().remove("parameters");
        // What a nested template names is its own.
        for resource in template["resources"].as_array_mut().unwrap() {
            if let Some(properties) = resource.get_mut("properties").and_then(Value::as_object_mut) {
                properties.remove("template");
            }
        }
        let mut found = Vec::new();
        strings(&template, "", &mut found);
        let used = |kind: &str| -> BTreeSet<String> {
            found.iter().flat_map(|(_, text)| names(kind, text)).collect()
        };
        assert_eq!(used("parameters"), parameters, "{name}");
        assert_eq!(used("variables"), variables, "{name}");
    }
    for resource in list(template(), "resources").skip(1) {
        let keys =
            |part: &Value| -> Vec<String> { map(part, "parameters").map(|(name, _)| name.clone()).collect() };
        let properties = &resource["properties"];
        assert_eq!(
            keys(properties),
            keys(&properties["template"]),
            "{}",
            deployment(resource)
        );
        assert_eq!(properties["expressionEvaluationOptions"]["scope"], "inner");
        assert_eq!(properties["mode"], "Incremental");
    }
}

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

const SUBNET: &str =
    "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/aks";
const ZONE: &str = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/privateDnsZones/privatelink.japaneast.azmk8s.io";
const IDENTITY: &str =
    "/subscriptions/s/resourceGroups/net/providers/Microsoft.ManagedIdentity/userAssignedIdentities/me";

/// For each key another value than without it, and what must be set for it to have an effect.
fn another(key: &str) -> (&'static str, Vec<(&'static str, &'static str)>) {
    let private = ("AZURE_AKS_PRIVATE_CLUSTER", "true");
    let proxy = ("AZURE_AKS_HTTP_PROXY", "http://proxy:3128");
    match key {
        "AZURE_RESOURCE_GROUP_NAME" => ("another", vec![]),
        "AZURE_RESOURCE_GROUP_ADOPT" => ("use", vec![]),
        "AZURE_AKS_KUBERNETES_VERSION" => ("1.33", vec![]),
        "AZURE_AKS_SKU_TIER" => ("Premium", vec![]),
        "AZURE_AKS_PRESET" => ("HighSpec", vec![]),
        "AZURE_AKS_SYSTEM_VM_SIZE" | "AZURE_AKS_USER_VM_SIZE" => ("Standard_E16s_v5", vec![]),
        "AZURE_AKS_SYSTEM_VM_DISK_TYPE" | "AZURE_AKS_USER_VM_DISK_TYPE" => ("Ephemeral", vec![]),
        "AZURE_AKS_SYSTEM_VM_DISK_SIZE_GB" | "AZURE_AKS_USER_VM_DISK_SIZE_GB" => ("200", vec![]),
        // The only value there is besides the default is refused.
        "AZURE_AKS_SYSTEM_VM_PRIORITY" => ("Regular", vec![]),
        "AZURE_AKS_USER_VM_PRIORITY" => ("Spot", vec![]),
        "AZURE_AKS_SYSTEM_VM_ZONES" | "AZURE_AKS_USER_VM_ZONES" => ("1,2,3", vec![]),
        "AZURE_AKS_ADMIN_PRINCIPAL_IDS" => ("group:00000000-0000-0000-0000-00000000000a", vec![]),
        // Install gives access to these.
        "AZURE_AKS_DNS_ZONE_RESOURCE_IDS" => (ZONE, vec![]),
        "AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS" => (
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/r",
            vec![],
        ),
        "AZURE_AKS_PRIVATE_CLUSTER" => ("true", vec![]),
        "AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN" => ("false", vec![private]),
        "AZURE_AKS_PRIVATE_DNS_ZONE" => (ZONE, vec![private]),
        "AZURE_AKS_AUTHORIZED_IP_RANGES" => ("203.0.113.0/24", vec![]),
        "AZURE_AKS_VNET_SUBNET_ID" => (SUBNET, vec![]),
        "AZURE_AKS_OUTBOUND_TYPE" => ("managedNATGateway", vec![]),
        "AZURE_AKS_HTTP_PROXY" => ("http://proxy:3128", vec![]),
        "AZURE_AKS_HTTPS_PROXY" => ("https://proxy:3128", vec![]),
        "AZURE_AKS_NO_PROXY" => ("localhost,.example.com", vec![proxy]),
        "AZURE_AKS_PROXY_CA_FILE" => (
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proxy-ca.pem"),
            vec![proxy],
        ),
        "AZURE_AKS_IDENTITY_RESOURCE_ID" => (IDENTITY, vec![("AZURE_AKS_VNET_SUBNET_ID", SUBNET)]),
        "AZURE_AKS_DISABLE_LOCAL_ACCOUNTS"
        | "AZURE_AKS_DISABLE_RUN_COMMAND"
        | "AZURE_KEY_VAULT_PURGE_PROTECTION"
        | "AZURE_APPLICATION_INSIGHTS" => ("true", vec![]),
        // Of a cluster that exists.
        "AZURE_AKS_RESOURCE_ID" | "AZURE_INGRESS_CLIENT_ID" => ("", vec![]),
        other => panic!("{other}: which value shows that it has an effect?"),
    }
}

/// Without these, because a cluster that is provisioned has no use for them in its template.
const NOT_IN_TEMPLATE: [&str; 5] = [
    "AZURE_AKS_SYSTEM_VM_PRIORITY",
    "AZURE_AKS_DNS_ZONE_RESOURCE_IDS",
    "AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS",
    "AZURE_AKS_RESOURCE_ID",
    "AZURE_INGRESS_CLIENT_ID",
];

/// The members of an object, or of the objects in an array, that differ; None where the value is no such thing.
fn differing_parts(before: &Value, after: &Value) -> BTreeSet<Option<String>> {
    let first = |value: &'_ Value| value.get(0).cloned().unwrap_or_else(|| value.clone());
    let (one, other) = (first(before), first(after));
    let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else {
        return [None].into();
    };
    one.keys()
        .filter(|key| one[*key] != other[*key])
        .map(|key| Some(key.clone()))
        .collect()
}

#[test]
fn this_is_what_each_setting_reaches() {
    let mut table = Vec::new();
    for key in keys::CLUSTER {
        let (value, with) = another(key);
        let changed: Vec<(&str, &str)> = with.iter().copied().chain([(*key, value)]).collect();
        let (before, after) = (made(&with, &Kept::default()), made(&changed, &Kept::default()));
        let differing: Vec<&String> = after
            .keys()
            .filter(|name| before[*name] != after[*name])
            .collect();
        assert_eq!(
            differing.is_empty(),
            NOT_IN_TEMPLATE.contains(key),
            "{key}: {differing:?}"
        );
        // What has an effect counts in the hash; what has none does not.
        assert_eq!(
            hashed(&with) == hashed(&changed),
            NOT_IN_TEMPLATE.contains(key),
            "{key}"
        );
        for name in differing {
            let parts = differing_parts(&before[name]["value"], &after[name]["value"]);
            let all = reached(name);
            assert!(!all.is_empty(), "{name} reaches nothing");
            for part in parts {
                let (path, properties): (String, Vec<&str>) = match &part {
                    None => (
                        name.clone(),
                        all.iter().map(|(property, _)| property.as_str()).collect(),
                    ),
                    Some(field) => {
                        let names_it = |text: &str| text.contains(&format!(".{field}"));
                        let of = all.iter().filter(|(_, text)| names_it(text));
                        (
                            format!("{name}.{field}"),
                            of.map(|(property, _)| property.as_str()).collect(),
                        )
                    }
                };
                assert!(!properties.is_empty(), "{path} reaches nothing");
                let properties: BTreeSet<&str> = properties.into_iter().collect();
                let properties: Vec<&str> = properties.into_iter().collect();
                let properties = match properties.len() {
                    0..=20 => properties.join(", "),
                    count => format!("{count} properties of all resources"),
                };
                table.push(format!("{key} -> {path} -> {properties}"));
            }
        }
    }
    insta::assert_snapshot!(table.join("\n"), @r#"
    AZURE_RESOURCE_GROUP_NAME -> resourceGroupName -> 38 properties of all resources
    AZURE_RESOURCE_GROUP_ADOPT -> adoptResourceGroup -> resourceGroups.condition
    AZURE_AKS_KUBERNETES_VERSION -> kubernetesVersion -> managedClusters.kubernetesVersion
    AZURE_AKS_KUBERNETES_VERSION -> systemPool.version -> managedClusters.agentPoolProfiles[].orchestratorVersion
    AZURE_AKS_KUBERNETES_VERSION -> userPools.version -> agentPools.orchestratorVersion
    AZURE_AKS_SKU_TIER -> skuTier -> managedClusters.sku.tier, managedClusters.supportPlan
    AZURE_AKS_PRESET -> registrySku -> registries.anonymousPullEnabled, registries.sku.name
    AZURE_AKS_PRESET -> skuTier -> managedClusters.sku.tier, managedClusters.supportPlan
    AZURE_AKS_PRESET -> systemPool.count -> managedClusters.agentPoolProfiles[].count
    AZURE_AKS_PRESET -> systemPool.diskSizeGB -> managedClusters.agentPoolProfiles[].osDiskSizeGB
    AZURE_AKS_PRESET -> systemPool.maxCount -> managedClusters.agentPoolProfiles[].maxCount
    AZURE_AKS_PRESET -> systemPool.minCount -> managedClusters.agentPoolProfiles[].minCount
    AZURE_AKS_PRESET -> systemPool.vmSize -> managedClusters.agentPoolProfiles[].vmSize
    AZURE_AKS_PRESET -> userPools.count -> agentPools.count
    AZURE_AKS_PRESET -> userPools.diskSizeGB -> agentPools.osDiskSizeGB
    AZURE_AKS_PRESET -> userPools.maxCount -> agentPools.maxCount
    AZURE_AKS_PRESET -> userPools.minCount -> agentPools.minCount
    AZURE_AKS_PRESET -> userPools.vmSize -> agentPools.vmSize
    AZURE_AKS_SYSTEM_VM_SIZE -> systemPool.vmSize -> managedClusters.agentPoolProfiles[].vmSize
    AZURE_AKS_SYSTEM_VM_DISK_TYPE -> systemPool.diskType -> managedClusters.agentPoolProfiles[].osDiskType
    AZURE_AKS_SYSTEM_VM_DISK_SIZE_GB -> systemPool.diskSizeGB -> managedClusters.agentPoolProfiles[].osDiskSizeGB
    AZURE_AKS_SYSTEM_VM_ZONES -> systemPool.zones -> managedClusters.agentPoolProfiles[].availabilityZones
    AZURE_AKS_USER_VM_SIZE -> userPools.vmSize -> agentPools.vmSize
    AZURE_AKS_USER_VM_DISK_TYPE -> userPools.diskType -> agentPools.osDiskType
    AZURE_AKS_USER_VM_DISK_SIZE_GB -> userPools.diskSizeGB -> agentPools.osDiskSizeGB
    AZURE_AKS_USER_VM_PRIORITY -> systemPool.taints -> managedClusters.agentPoolProfiles[].nodeTaints
    AZURE_AKS_USER_VM_PRIORITY -> userPools.priority -> agentPools.scaleSetPriority
    AZURE_AKS_USER_VM_ZONES -> userPools.name -> agentPools.name
    AZURE_AKS_USER_VM_ZONES -> userPools.zones -> agentPools.availabilityZones
    AZURE_AKS_ADMIN_PRINCIPAL_IDS -> admins -> roleAssignments.copy.count, roleAssignments.name, roleAssignments.principalId, roleAssignments.principalType
    AZURE_AKS_PRIVATE_CLUSTER -> privateCluster -> deployments/dnsZoneRoles.condition, deployments/dnsZoneRoles.resourceGroup, deployments/dnsZoneRoles.subscriptionId, deployments/subnetRoles.condition, managedClusters.apiServerAccessProfile, managedClusters.identity, roleAssignments.condition, roleAssignments.name, roleAssignments.scope, userAssignedIdentities.condition
    AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN -> privateClusterPublicFqdn -> managedClusters.apiServerAccessProfile
    AZURE_AKS_PRIVATE_DNS_ZONE -> privateDnsZone -> deployments/dnsZoneRoles.condition, deployments/dnsZoneRoles.resourceGroup, deployments/dnsZoneRoles.subscriptionId, deployments/subnetRoles.condition, managedClusters.apiServerAccessProfile, managedClusters.identity, roleAssignments.condition, roleAssignments.name, roleAssignments.scope, userAssignedIdentities.condition
    AZURE_AKS_AUTHORIZED_IP_RANGES -> authorizedIpRanges -> managedClusters.apiServerAccessProfile
    AZURE_AKS_VNET_SUBNET_ID -> subnetId -> agentPools.vnetSubnetID, deployments/dnsZoneRoles.condition, deployments/subnetRoles.condition, deployments/subnetRoles.resourceGroup, deployments/subnetRoles.subscriptionId, managedClusters.agentPoolProfiles[].vnetSubnetID, managedClusters.identity, roleAssignments.name, roleAssignments.scope, userAssignedIdentities.condition
    AZURE_AKS_OUTBOUND_TYPE -> outboundType -> managedClusters.networkProfile.outboundType
    AZURE_AKS_HTTP_PROXY -> httpProxy -> managedClusters.httpProxyConfig
    AZURE_AKS_HTTPS_PROXY -> httpsProxy -> managedClusters.httpProxyConfig
    AZURE_AKS_NO_PROXY -> noProxy -> managedClusters.httpProxyConfig
    AZURE_AKS_PROXY_CA_FILE -> proxyCa -> managedClusters.httpProxyConfig
    AZURE_AKS_IDENTITY_RESOURCE_ID -> identityId -> deployments/dnsZoneRoles.condition, deployments/subnetRoles.condition, managedClusters.identity, userAssignedIdentities.condition
    AZURE_AKS_DISABLE_LOCAL_ACCOUNTS -> disableLocalAccounts -> managedClusters.disableLocalAccounts
    AZURE_AKS_DISABLE_RUN_COMMAND -> disableRunCommand -> managedClusters.apiServerAccessProfile
    AZURE_KEY_VAULT_PURGE_PROTECTION -> vaultPurgeProtection -> vaults.enablePurgeProtection
    AZURE_APPLICATION_INSIGHTS -> applicationInsights -> components.condition
    "#);
}

#[test]
fn role_assignments_say_who_for_whom_and_are_named_by_scope_role_and_principal() {
    let mut count = 0;
    for (deployment, resource) in resources() {
        if text(resource, "type") != "Microsoft.Authorization/roleAssignments" {
            continue;
        }
        count += 1;
        let properties = &resource["properties"];
        let (name, principal) = (text(resource, "name"), text(properties, "principalId"));
        assert!(matches!(
            text(properties, "principalType"),
            "ServicePrincipal" | "[parameters('admins')[copyIndex()].type]"
        ));
        assert_eq!(
            text(properties, "description"),
            "[parameters('description')]",
            "{deployment}"
        );
        let role = text(properties, "roleDefinitionId")
            .strip_prefix("[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', ")
            .and_then(|role| role.strip_suffix(")]"))
            .unwrap();
        let principal = principal.trim_start_matches('[').trim_end_matches(']');
        let ending = format!(", {role}, {principal})]");
        assert!(
            name.starts_with("[guid(resourceId('") && name.ends_with(&ending),
            "{name} {ending}"
        );
        // The scope in the name is the scope of the assignment.
        let (_, scope) = text(resource, "scope").split_once("[format('").unwrap();
        let (kind, arguments) = scope.split_once("', ").unwrap();
        let kind: Vec<&str> = kind.split('/').filter(|part| !part.starts_with('{')).collect();
        let expected = format!(
            "[guid(resourceId('{}', {}",
            kind.join("/"),
            arguments.trim_end_matches(")]")
        );
        assert!(name.starts_with(&expected), "{name} {expected}");
        // A name must be computable before anything is deployed: a principal comes in as a parameter.
        assert!(!name.contains("reference("), "{name}");
    }
    assert_eq!(count, 8);
}

#[test]
fn whatever_takes_tags_has_ours_and_the_rest_is_marked_otherwise() {
    let without: BTreeSet<&str> = resources()
        .iter()
        .filter(|(_, resource)| {
            let tags = resource
                .get("tags")
                .or_else(|| resource.pointer("/properties/tags"));
            tags.is_none_or(|tags| {
                !matches!(
                    tags.as_str(),
                    Some("[parameters('tags')]" | "[variables('tags')]")
                )
            })
        })
        .map(|(_, resource)| text(resource, "type"))
        .collect();
    let known = [
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Insights/dataCollectionRuleAssociations",
        "Microsoft.Insights/diagnosticSettings",
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    ];
    assert_eq!(without.into_iter().collect::<Vec<_>>(), known);
    let tags: Vec<&str> = map(&template()["variables"], "tags")
        .map(|(name, _)| name.as_str())
        .collect();
    let expected = [
        kompox_domain::tags::CLUSTER,
        kompox_domain::tags::CREATED,
        kompox_domain::tags::MANAGED_BY,
    ];
    assert_eq!(
        tags.into_iter().collect::<BTreeSet<_>>(),
        expected.into_iter().collect()
    );
    for (_, resource) in resources() {
        let name = text(resource, "name");
        if name.contains("federated")
            || text(resource, "type").ends_with("Credentials")
            || text(resource, "type").ends_with("diagnosticSettings")
        {
            assert!(name.contains("kompox-"), "{name}");
        }
    }
}

#[test]
fn no_secret_is_in_an_output_or_in_a_name() {
    assert_eq!(
        secure().collect::<BTreeSet<_>>(),
        ["httpProxy", "httpsProxy"].into()
    );
    for secret in secure() {
        let reached = reached(secret);
        let reached: Vec<String> = reached.into_iter().map(|(property, _)| property).collect();
        assert_eq!(reached, ["managedClusters.httpProxyConfig"]);
        assert!(tainted(template(), secret).is_empty());
        for (name, template) in templates() {
            let mut found = Vec::new();
            strings(&template["outputs"], "", &mut found);
            for (_, text) in found {
                let hidden = tainted(template, secret);
                assert!(!mentions(&text, secret, &hidden), "{name}: {text}");
                // What gives out keys.
                assert!(
                    !text.contains("list") && !text.contains("environment("),
                    "{name}: {text}"
                );
            }
            let kind = template
                .pointer(&format!("/parameters/{secret}/type"))
                .and_then(Value::as_str);
            assert!(kind.is_none_or(|kind| kind == "securestring"), "{name}");
        }
    }
}

#[test]
fn what_runs_is_passed_back_but_changes_no_hash() {
    let pool = |count, version: &str| KeptPool {
        count: Some(count),
        version: Some(version.to_owned()),
    };
    let kept = Kept {
        kubernetes_version: Some("1.34.2".to_owned()),
        pools: [
            ("system".to_owned(), pool(2, "1.34.1")),
            ("user".to_owned(), pool(9, "1.33.4")),
        ]
        .into(),
    };
    let unset = made(&[], &kept);
    assert_eq!(unset["kubernetesVersion"]["value"], "1.34.2");
    assert_eq!(unset["systemPool"]["value"]["version"], "1.34.1");
    assert_eq!(unset["systemPool"]["value"]["count"], 2);
    assert_eq!(unset["userPools"]["value"][0]["version"], "1.33.4");
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

#[test]
fn names_fit_what_azure_allows() {
    let token = "x".repeat(13);
    let longest = |part: &str| -> BTreeMap<String, String> {
        map(&template()["variables"], part)
            .map(|(name, format)| {
                let text = format.as_str().unwrap();
                let pattern = text
                    .strip_prefix("[format('")
                    .unwrap()
                    .split('\'')
                    .next()
                    .unwrap();
                (name.clone(), pattern.replace("{0}", &token))
            })
            .collect()
    };
    for (name, made) in longest("names") {
        let most = match name.as_str() {
            "vault" => 24,
            "registry" => 50,
            _ => 63,
        };
        assert!(made.len() <= most, "{made}");
        assert!(
            name != "registry" || made.bytes().all(|b| b.is_ascii_alphanumeric()),
            "{made}"
        );
    }
    assert!(longest("deployments").values().all(|name| name.len() <= 64));
    // Node resource groups have at most 80 characters.
    assert!("MC__".len() + 59 + "aks-".len() + token.len() <= 80);
    let zonal = made(&[("AZURE_AKS_USER_VM_ZONES", "1,9")], &Kept::default());
    for pool in list(&zonal["userPools"], "value") {
        let name = text(pool, "name");
        assert!(
            name.len() <= 12 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
            "{name}"
        );
    }
}
