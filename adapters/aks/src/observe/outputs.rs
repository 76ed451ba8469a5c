//! What a stack says about the cluster that it made.

use serde_json::Value;

/// Those outputs of a cluster's stack that are asked for; None for one that the stack does not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outputs {
    pub(crate) resource_group_name: Option<String>,
    pub(crate) cluster_name: Option<String>,
    pub(crate) cluster_principal_id: Option<String>,
    pub(crate) kubelet_principal_id: Option<String>,
    pub(crate) ingress_principal_id: Option<String>,
    pub(crate) ingress_client_id: Option<String>,
    pub(crate) ingress_namespace: Option<String>,
    pub(crate) ingress_service_account: Option<String>,
    pub(crate) tenant_id: Option<String>,
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
            resource_group_name: text("AZURE_RESOURCE_GROUP_NAME"),
            cluster_name: text("AZURE_AKS_CLUSTER_NAME"),
            cluster_principal_id: text("AZURE_AKS_CLUSTER_PRINCIPAL_ID"),
            kubelet_principal_id: text("AZURE_AKS_KUBELET_PRINCIPAL_ID"),
            ingress_principal_id: text("AZURE_INGRESS_SERVICE_ACCOUNT_PRINCIPAL_ID"),
            ingress_client_id: text("AZURE_INGRESS_SERVICE_ACCOUNT_CLIENT_ID"),
            ingress_namespace: text("AZURE_INGRESS_SERVICE_ACCOUNT_NAMESPACE"),
            ingress_service_account: text("AZURE_INGRESS_SERVICE_ACCOUNT_NAME"),
            tenant_id: text("AZURE_TENANT_ID"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::template::document::template;

    #[test]
    fn what_is_read_is_what_the_template_declares_whatever_its_case() {
        let declared = template()["outputs"].as_object().unwrap();
        let of = |change: fn(&str) -> String| -> Value {
            let output = |name: &String| (change(name), json!({"type": "String", "value": name}));
            Value::Object(declared.keys().map(output).collect::<Map<_, _>>())
        };
        let read = Outputs::read(&of(str::to_owned));
        let expected = |name: &str| Some(name.to_owned());
        assert_eq!(
            read,
            Outputs {
                resource_group_name: expected("AZURE_RESOURCE_GROUP_NAME"),
                cluster_name: expected("AZURE_AKS_CLUSTER_NAME"),
                cluster_principal_id: expected("AZURE_AKS_CLUSTER_PRINCIPAL_ID"),
                kubelet_principal_id: expected("AZURE_AKS_KUBELET_PRINCIPAL_ID"),
                ingress_principal_id: expected("AZURE_INGRESS_SERVICE_ACCOUNT_PRINCIPAL_ID"),
                ingress_client_id: expected("AZURE_INGRESS_SERVICE_ACCOUNT_CLIENT_ID"),
                ingress_namespace: expected("AZURE_INGRESS_SERVICE_ACCOUNT_NAMESPACE"),
                ingress_service_account: expected("AZURE_INGRESS_SERVICE_ACCOUNT_NAME"),
                tenant_id: expected("AZURE_TENANT_ID"),
            }
        );
        assert_eq!(Outputs::read(&of(str::to_lowercase)), read);
    }

    #[test]
    fn what_is_missing_empty_or_no_text_is_none() {
        let odd = json!({
            "AZURE_RESOURCE_GROUP_NAME": {"value": ""},
            "AZURE_AKS_CLUSTER_NAME": {"value": 1},
            "AZURE_AKS_CLUSTER_PRINCIPAL_ID": 2,
        });
        for outputs in [odd, Value::Null, json!([])] {
            assert_eq!(Outputs::read(&outputs), Outputs::default());
        }
    }
}
