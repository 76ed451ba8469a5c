//! What a stack says about the cluster that it made.

use serde_json::Value;

/// The outputs of a cluster's stack; None for one that the stack does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(dead_code, reason = "installing is still to come")]
pub(crate) struct Outputs {
    pub(crate) location: Option<String>,
    pub(crate) tenant_id: Option<String>,
    pub(crate) subscription_id: Option<String>,
    pub(crate) resource_group_name: Option<String>,
    pub(crate) cluster_name: Option<String>,
    pub(crate) cluster_principal_id: Option<String>,
    pub(crate) kubelet_principal_id: Option<String>,
    pub(crate) oidc_issuer_url: Option<String>,
    pub(crate) registry_name: Option<String>,
    pub(crate) registry_endpoint: Option<String>,
    pub(crate) ingress_namespace: Option<String>,
    pub(crate) ingress_service_account: Option<String>,
    pub(crate) ingress_principal_id: Option<String>,
    pub(crate) ingress_client_id: Option<String>,
}

impl Outputs {
    /// Reads `properties.outputs` of a stack or deployment: `{"NAME": {"type": …, "value": …}}`. ARM does not promise
    /// to keep the case of a name.
    pub(crate) fn read(outputs: &Value) -> Self {
        let text = |name: &str| {
            let (_, output) = outputs
                .as_object()?
                .iter()
                .find(|(found, _)| found.eq_ignore_ascii_case(name))?;
            let value = output.get("value")?.as_str()?;
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self {
            location: text("AZURE_LOCATION"),
            tenant_id: text("AZURE_TENANT_ID"),
            subscription_id: text("AZURE_SUBSCRIPTION_ID"),
            resource_group_name: text("AZURE_RESOURCE_GROUP_NAME"),
            cluster_name: text("AZURE_AKS_CLUSTER_NAME"),
            cluster_principal_id: text("AZURE_AKS_CLUSTER_PRINCIPAL_ID"),
            kubelet_principal_id: text("AZURE_AKS_KUBELET_PRINCIPAL_ID"),
            oidc_issuer_url: text("AZURE_AKS_OIDC_ISSUER_URL"),
            registry_name: text("AZURE_CONTAINER_REGISTRY_NAME"),
            registry_endpoint: text("AZURE_CONTAINER_REGISTRY_ENDPOINT"),
            ingress_namespace: text("AZURE_INGRESS_SERVICE_ACCOUNT_NAMESPACE"),
            ingress_service_account: text("AZURE_INGRESS_SERVICE_ACCOUNT_NAME"),
            ingress_principal_id: text("AZURE_INGRESS_SERVICE_ACCOUNT_PRINCIPAL_ID"),
            ingress_client_id: text("AZURE_INGRESS_SERVICE_ACCOUNT_CLIENT_ID"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::cluster::template::template;

    #[test]
    fn every_output_of_the_template_is_read_whatever_its_case() {
        let declared = template()["outputs"].as_object().unwrap();
        let of = |change: fn(&str) -> String| -> Value {
            let output = |name: &String| (change(name), json!({"type": "String", "value": name}));
            Value::Object(declared.keys().map(output).collect::<Map<_, _>>())
        };
        let read = Outputs::read(&of(str::to_owned));
        let fields = format!("{read:?}");
        for name in declared.keys() {
            assert!(fields.contains(&format!("Some({name:?})")), "{name}: {fields}");
        }
        assert!(!fields.contains("None"), "{fields}");
        assert_eq!(Outputs::read(&of(str::to_lowercase)), read);
    }

    #[test]
    fn what_is_missing_empty_or_no_text_is_none() {
        let odd = json!({"AZURE_LOCATION": {"value": ""}, "AZURE_TENANT_ID": {"value": 1}, "AZURE_SUBSCRIPTION_ID": 2});
        for outputs in [odd, Value::Null, json!([])] {
            assert_eq!(Outputs::read(&outputs), Outputs::default());
        }
    }
}
