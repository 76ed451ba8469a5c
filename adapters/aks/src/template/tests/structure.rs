//! What the template is made of.

use super::*;

fn resources() -> Vec<(String, &'static Value)> {
    templates()
        .into_iter()
        .flat_map(|(name, template)| {
            list(template, "resources").map(move |resource| (name.clone(), resource))
        })
        .filter(|(_, resource)| text(resource, "type") != "Microsoft.Resources/deployments")
        .collect()
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
    insta::assert_snapshot!(all.join("\n"), @"
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
    encryptionSetRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    maintenance: Microsoft.ContainerService/managedClusters/maintenanceConfigurations 2025-05-01 for each
    userPools: Microsoft.ContainerService/managedClusters/agentPools 2025-05-01 for each
    clusterRoles: Microsoft.Authorization/roleAssignments 2022-04-01 for each
    registryRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    registryRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    vaultRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    vaultRoles: Microsoft.Authorization/roleAssignments 2022-04-01
    ingressCredential: Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials 2024-11-30
    ");
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
    insta::assert_snapshot!(all.join("\n"), @"
    vault after []
    monitoring after []
    registry after [monitoring]
    identities after []
    dnsZoneRoles after [identities] if [and(variables('ownDnsZone'), variables('makeClusterIdentity'))]
    subnetRoles after [identities] if [and(variables('ownSubnet'), variables('makeClusterIdentity'))]
    cluster after [monitoring, identities, dnsZoneRoles, subnetRoles]
    encryptionSetRoles after [identities, cluster] if [and(variables('ownEncryptionSet'), empty(parameters('identityId')))]
    maintenance after [cluster] if [not(empty(parameters('maintenanceWindow')))]
    userPools after [cluster]
    clusterRoles after [cluster]
    registryRoles after [registry, cluster]
    vaultRoles after [vault, identities]
    ingressCredential after [identities, cluster]
    ");
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
    assert_eq!(count, 9);
}

/// Whether an expression in a deployment gives a resource our tags, last, and with them those that others have set.
fn beside_those_of_others(name: &str, expression: &str) -> bool {
    let passed = |parameter: &str| -> String {
        let whole = list(template(), "resources")
            .skip(1)
            .find(|resource| deployment(resource) == name);
        let value = whole.and_then(|whole| whole["properties"]["parameters"][parameter]["value"].as_str());
        value.unwrap_or_default().to_owned()
    };
    let alone = |text: &str| {
        let name = text.strip_prefix("[parameters('")?.strip_suffix("')]")?;
        Some(name.to_owned())
    };
    let whole = alone(expression).map_or_else(|| expression.to_owned(), |parameter| passed(&parameter));
    let Some((theirs, ours)) = whole
        .strip_prefix("[union(")
        .and_then(|rest| rest.strip_suffix(")]"))
        .and_then(|rest| rest.split_once(", "))
    else {
        return false;
    };
    let of_others = theirs.starts_with("parameters('foreignTags').") || theirs.ends_with(".foreignTags");
    of_others
        && (ours == "variables('tags')"
            || alone(&format!("[{ours}]")).is_some_and(|ours| passed(&ours) == "[variables('tags')]"))
}

#[test]
fn whatever_takes_tags_has_ours_and_the_rest_is_marked_otherwise() {
    let without: BTreeSet<&str> = resources()
        .iter()
        .filter(|(name, resource)| {
            let tags = resource
                .get("tags")
                .or_else(|| resource.pointer("/properties/tags"));
            tags.is_none_or(|tags| !beside_those_of_others(name, tags.as_str().unwrap_or_default()))
        })
        .map(|(_, resource)| text(resource, "type"))
        .collect();
    let known = [
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
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
