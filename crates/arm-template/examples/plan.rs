//! Lists what a template on standard input deploys into a resource group, and in which order that is possible.
//!
//! Parameters have their defaults.

#![expect(clippy::print_stdout, reason = "an example that prints what it finds")]

use std::error::Error;

use kompox_arm_template::context::DeploymentContext;
use kompox_arm_template::document::{self, Level};
use kompox_arm_template::evaluator::Evaluator;
use kompox_arm_template::{parameters, plan};
use serde_json::{Map, Value, json};

const SUBSCRIPTION: &str = "11111111-1111-4111-8111-111111111111";

fn main() -> Result<(), Box<dyn Error>> {
    let template: Value = serde_json::from_reader(std::io::stdin())?;
    document::check(&template, Level::Group)?;
    let id = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/example");
    let mut context = DeploymentContext {
        parameters: Map::new(),
        variables: template["variables"].clone(),
        subscription: json!({ "id": format!("/subscriptions/{SUBSCRIPTION}"), "subscriptionId": SUBSCRIPTION }),
        group: Some(json!({ "id": id, "name": "example", "location": "japaneast" })),
        tenant: json!({ "tenantId": SUBSCRIPTION }),
        deployment: json!({ "name": "example" }),
        environment: json!({ "name": "AzureCloud" }),
        deployer: Value::Null,
    };
    context.parameters = parameters::resolve(&template, &Value::Null, &context)?;
    for (number, resource) in plan::plan(&template, &Evaluator::new(&context), &id)?
        .iter()
        .enumerate()
    {
        println!(
            "{number}: {} {} after {:?}",
            resource.kind, resource.name, resource.needs
        );
    }
    Ok(())
}
