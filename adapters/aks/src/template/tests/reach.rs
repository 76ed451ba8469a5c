//! What each setting reaches in the template, and what no secret may reach.

use super::*;

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
        "AZURE_AKS_UPGRADE_CHANNEL" => ("stable", vec![]),
        "AZURE_AKS_NODE_OS_UPGRADE_CHANNEL" => ("SecurityPatch", vec![]),
        "AZURE_AKS_MAINTENANCE_WINDOW" => ("Sat 01:00 4h +09:00", vec![]),
        "AZURE_AKS_NETWORK_POLICY" => ("cilium", vec![]),
        "AZURE_AKS_DISK_ENCRYPTION_SET_ID" => (
            "/subscriptions/s/resourceGroups/keys/providers/Microsoft.Compute/diskEncryptionSets/des",
            vec![],
        ),
        "AZURE_AKS_SKU_TIER" => ("Premium", vec![]),
        "AZURE_AKS_PRESET" => ("HighSpec", vec![]),
        "AZURE_AKS_SYSTEM_VM_SIZE" | "AZURE_AKS_USER_VM_SIZE" => ("Standard_E16s_v5", vec![]),
        "AZURE_AKS_SYSTEM_VM_DISK_TYPE" | "AZURE_AKS_USER_VM_DISK_TYPE" => ("Ephemeral", vec![]),
        "AZURE_AKS_SYSTEM_VM_DISK_SIZE_GB" | "AZURE_AKS_USER_VM_DISK_SIZE_GB" => ("200", vec![]),
        // The only value there is besides the default is refused.
        "AZURE_AKS_SYSTEM_VM_PRIORITY" => ("Regular", vec![]),
        "AZURE_AKS_USER_VM_PRIORITY" => ("Spot", vec![]),
        "AZURE_AKS_SYSTEM_VM_ZONES" | "AZURE_AKS_USER_VM_ZONES" => ("1,2,3", vec![]),
        "AZURE_AKS_USER_VM_ULTRA_SSD" => ("true", vec![("AZURE_AKS_USER_VM_ZONES", "1")]),
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
        | "AZURE_AKS_ENCRYPTION_AT_HOST"
        | "AZURE_AKS_DISABLE_RUN_COMMAND"
        | "AZURE_KEY_VAULT_PURGE_PROTECTION"
        | "AZURE_APPLICATION_INSIGHTS" => ("true", vec![]),
        // Install tells the agent.
        "AZURE_AKS_COLLECT_SYSTEM_LOGS" => ("true", vec![]),
        // Of a cluster that exists.
        "AZURE_AKS_RESOURCE_ID" | "AZURE_INGRESS_CLIENT_ID" => ("", vec![]),
        other => panic!("{other}: which value shows that it has an effect?"),
    }
}

/// Without these, because a cluster that is provisioned has no use for them in its template.
const NOT_IN_TEMPLATE: [&str; 6] = [
    "AZURE_AKS_SYSTEM_VM_PRIORITY",
    "AZURE_AKS_DNS_ZONE_RESOURCE_IDS",
    "AZURE_AKS_CONTAINER_REGISTRY_RESOURCE_IDS",
    "AZURE_AKS_COLLECT_SYSTEM_LOGS",
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
        .chain(other.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|key| one.get(*key) != other.get(*key))
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
    insta::assert_snapshot!(table.join("\n"), @"
    AZURE_RESOURCE_GROUP_NAME -> resourceGroupName -> 42 properties of all resources
    AZURE_RESOURCE_GROUP_ADOPT -> adoptResourceGroup -> resourceGroups.condition
    AZURE_AKS_KUBERNETES_VERSION -> kubernetesVersion -> managedClusters.kubernetesVersion
    AZURE_AKS_KUBERNETES_VERSION -> systemPool.version -> managedClusters.agentPoolProfiles[].orchestratorVersion
    AZURE_AKS_KUBERNETES_VERSION -> userPools.version -> agentPools.orchestratorVersion
    AZURE_AKS_UPGRADE_CHANNEL -> upgradeChannel -> managedClusters.autoUpgradeProfile
    AZURE_AKS_NODE_OS_UPGRADE_CHANNEL -> nodeOsUpgradeChannel -> managedClusters.autoUpgradeProfile
    AZURE_AKS_MAINTENANCE_WINDOW -> maintenanceWindow.dayOfWeek -> maintenanceConfigurations.maintenanceWindow.schedule.weekly.dayOfWeek
    AZURE_AKS_MAINTENANCE_WINDOW -> maintenanceWindow.durationHours -> maintenanceConfigurations.maintenanceWindow.durationHours
    AZURE_AKS_MAINTENANCE_WINDOW -> maintenanceWindow.startTime -> maintenanceConfigurations.maintenanceWindow.startTime
    AZURE_AKS_MAINTENANCE_WINDOW -> maintenanceWindow.utcOffset -> maintenanceConfigurations.maintenanceWindow.utcOffset
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
    AZURE_AKS_USER_VM_ULTRA_SSD -> userPools.ultraSsd -> agentPools.enableUltraSSD
    AZURE_AKS_ENCRYPTION_AT_HOST -> systemPool.encryptionAtHost -> managedClusters.agentPoolProfiles[].enableEncryptionAtHost
    AZURE_AKS_ENCRYPTION_AT_HOST -> userPools.encryptionAtHost -> agentPools.enableEncryptionAtHost
    AZURE_AKS_DISK_ENCRYPTION_SET_ID -> diskEncryptionSetId -> deployments/encryptionSetRoles.condition, deployments/encryptionSetRoles.resourceGroup, deployments/encryptionSetRoles.subscriptionId, managedClusters.diskEncryptionSetID, roleAssignments.name, roleAssignments.scope
    AZURE_AKS_ADMIN_PRINCIPAL_IDS -> admins -> roleAssignments.copy.count, roleAssignments.name, roleAssignments.principalId, roleAssignments.principalType
    AZURE_AKS_PRIVATE_CLUSTER -> privateCluster -> deployments/dnsZoneRoles.condition, deployments/dnsZoneRoles.resourceGroup, deployments/dnsZoneRoles.subscriptionId, deployments/subnetRoles.condition, managedClusters.apiServerAccessProfile, managedClusters.identity, roleAssignments.condition, roleAssignments.name, roleAssignments.principalId, roleAssignments.scope, userAssignedIdentities.condition
    AZURE_AKS_PRIVATE_CLUSTER_PUBLIC_FQDN -> privateClusterPublicFqdn -> managedClusters.apiServerAccessProfile
    AZURE_AKS_PRIVATE_DNS_ZONE -> privateDnsZone -> deployments/dnsZoneRoles.condition, deployments/dnsZoneRoles.resourceGroup, deployments/dnsZoneRoles.subscriptionId, deployments/subnetRoles.condition, managedClusters.apiServerAccessProfile, managedClusters.identity, roleAssignments.condition, roleAssignments.name, roleAssignments.principalId, roleAssignments.scope, userAssignedIdentities.condition
    AZURE_AKS_AUTHORIZED_IP_RANGES -> authorizedIpRanges -> managedClusters.apiServerAccessProfile
    AZURE_AKS_VNET_SUBNET_ID -> subnetId -> agentPools.vnetSubnetID, deployments/dnsZoneRoles.condition, deployments/subnetRoles.condition, deployments/subnetRoles.resourceGroup, deployments/subnetRoles.subscriptionId, managedClusters.agentPoolProfiles[].vnetSubnetID, managedClusters.identity, roleAssignments.name, roleAssignments.principalId, roleAssignments.scope, userAssignedIdentities.condition
    AZURE_AKS_OUTBOUND_TYPE -> outboundType -> managedClusters.networkProfile.outboundType
    AZURE_AKS_NETWORK_POLICY -> networkDataplane -> managedClusters.networkProfile.networkDataplane
    AZURE_AKS_NETWORK_POLICY -> networkPolicy -> managedClusters.networkProfile.networkPolicy
    AZURE_AKS_HTTP_PROXY -> httpProxy -> managedClusters.httpProxyConfig
    AZURE_AKS_HTTPS_PROXY -> httpsProxy -> managedClusters.httpProxyConfig
    AZURE_AKS_NO_PROXY -> noProxy -> managedClusters.httpProxyConfig
    AZURE_AKS_PROXY_CA_FILE -> proxyCa -> managedClusters.httpProxyConfig
    AZURE_AKS_IDENTITY_RESOURCE_ID -> identityId -> deployments/dnsZoneRoles.condition, deployments/encryptionSetRoles.condition, deployments/subnetRoles.condition, managedClusters.identity, userAssignedIdentities.condition
    AZURE_AKS_DISABLE_LOCAL_ACCOUNTS -> disableLocalAccounts -> managedClusters.disableLocalAccounts
    AZURE_AKS_DISABLE_RUN_COMMAND -> disableRunCommand -> managedClusters.apiServerAccessProfile
    AZURE_KEY_VAULT_PURGE_PROTECTION -> vaultPurgeProtection -> vaults.enablePurgeProtection
    AZURE_APPLICATION_INSIGHTS -> applicationInsights -> components.condition
    ");
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
