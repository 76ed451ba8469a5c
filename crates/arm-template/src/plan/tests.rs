//! What a template plans, and which templates are refused.

use serde_json::json;

use super::super::context::DeploymentContext;
use super::super::document::{Level, check};
use super::super::parameters;
use super::*;

const SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#";

fn context() -> DeploymentContext {
    DeploymentContext {
        parameters: Map::new(),
        variables: Value::Null,
        subscription: json!({ "id": "/subscriptions/s", "subscriptionId": "s" }),
        group: None,
        tenant: json!({}),
        deployment: json!({}),
        environment: json!({}),
        deployer: json!({}),
    }
}

fn template(resources: impl Into<Value>) -> Value {
    let resources = resources.into();
    json!({ "$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources })
}

fn planned(template: &Value) -> Result<Vec<Planned>> {
    check(template, Level::Subscription)?;
    let mut context = context();
    context.parameters = parameters::resolve(template, &Value::Null, &context)?;
    context.variables = template["variables"].clone();
    plan(template, &Evaluator::new(&context), "/subscriptions/s")
}

fn refused(resources: Value) -> String {
    planned(&template(resources)).unwrap_err().message
}

fn resource(name: &str, more: impl Into<Value>) -> Value {
    let more = more.into();
    let mut resource = json!({ "type": "N.S/a", "apiVersion": "2020-01-01", "name": name });
    resource
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    resource
}

#[test]
fn dependencies_are_found_by_id_by_name_by_loop_and_by_reference() {
    let plan = planned(&template(json!([
        resource("one", json!({})),
        resource(
            "[concat('many', copyIndex())]",
            json!({
            "copy": { "name": "loop", "count": 2 }, "dependsOn": ["one"] })
        ),
        resource(
            "by-id",
            json!({ "dependsOn": ["[resourceId('N.S/a', 'one')]", "loop"] })
        ),
        resource("by-type", json!({ "dependsOn": ["N.S/a/many1"] })),
        resource(
            "referring",
            json!({
            "properties": { "x": "[reference('by-id').y]", "z": "[reference('by-type', '2020-01-01')]" } })
        ),
    ])))
    .unwrap();
    let names: Vec<&str> = plan.iter().map(|planned| planned.name.as_str()).collect();
    assert_eq!(names, ["one", "many0", "many1", "by-id", "by-type", "referring"]);
    let needs: Vec<&[usize]> = plan.iter().map(|planned| planned.needs.as_slice()).collect();
    let expected: [&[usize]; 6] = [&[], &[0], &[0], &[0, 1, 2], &[2], &[3]];
    assert_eq!(needs, expected);
    assert_eq!(plan[2].id, "/subscriptions/s/providers/N.S/a/many1");
}

fn symbolic(resources: Value) -> Value {
    let mut template = template(resources);
    template["languageVersion"] = "2.0".into();
    template
}

#[test]
fn symbolic_names_are_what_resources_and_loops_are_depended_on_and_referred_to_by() {
    let plan = planned(&symbolic(json!({
        "a": resource("one", json!({})),
        "b": resource("[concat('many', copyIndex())]", json!({
            "copy": { "name": "loop", "count": 2 }, "dependsOn": ["a"] })),
        "c": resource("all", json!({ "dependsOn": ["b"] })),
        "d": resource("last", json!({ "properties": { "x": "[reference('b[1]').y]", "z": "[reference('c').y]" } })),
    })))
    .unwrap();
    let symbols: Vec<&str> = plan
        .iter()
        .map(|planned| planned.symbol.as_deref().unwrap())
        .collect();
    assert_eq!(symbols, ["a", "b[0]", "b[1]", "c", "d"]);
    let needs: Vec<&[usize]> = plan.iter().map(|planned| planned.needs.as_slice()).collect();
    let expected: [&[usize]; 5] = [&[], &[0], &[0], &[1, 2], &[2, 3]];
    assert_eq!(needs, expected);
}

#[test]
fn a_name_is_no_symbol_and_neither_is_the_name_of_a_loop() {
    for depends_on in ["one", "loop", "N.S/a/one"] {
        let refused = planned(&symbolic(json!({
            "a": resource("one", json!({})),
            "b": resource("[concat('n', copyIndex())]", json!({ "copy": { "name": "loop", "count": 1 } })),
            "c": resource("two", json!({ "dependsOn": [depends_on] })),
        })))
        .unwrap_err();
        assert!(
            refused.message.contains("is not defined in the template"),
            "{}",
            refused.message
        );
    }
}

#[test]
fn whoever_waits_for_what_is_there_already_waits_for_what_that_waits_for() {
    let plan = planned(&symbolic(json!({
        "a": resource("one", json!({})),
        "b": resource("one", json!({ "existing": true, "dependsOn": ["a"] })),
        "c": resource("two", json!({ "properties": { "x": "[reference('b').y]" } })),
    })))
    .unwrap();
    assert!(plan[1].existing && !plan[0].existing);
    assert_eq!(plan[2].needs, [0, 1]);
}

#[test]
fn the_version_of_the_language_says_how_resources_are_written() {
    let mut array = template(json!([]));
    array["languageVersion"] = "2.0".into();
    assert!(planned(&array).unwrap_err().message.contains("symbolic names"));
    assert!(
        planned(&template(json!({})))
            .unwrap_err()
            .message
            .contains("must be an array")
    );
    let mut later = symbolic(json!({}));
    later["languageVersion"] = "2.1-experimental".into();
    assert!(
        planned(&later)
            .unwrap_err()
            .message
            .contains("'2.1-experimental'")
    );
    let mut known = template(json!([]));
    known["languageVersion"] = "1.0".into();
    assert_eq!(planned(&known).unwrap().len(), 0);
    assert!(refused(json!([resource("a", json!({ "existing": true }))])).contains("'existing'"));
}

#[test]
fn a_serial_loop_goes_batch_by_batch() {
    let plan = planned(&template(json!([resource(
        "[concat('n', copyIndex())]",
        json!({
        "copy": { "name": "loop", "count": 5, "mode": "serial", "batchSize": 2 } })
    )])))
    .unwrap();
    let needs: Vec<&[usize]> = plan.iter().map(|planned| planned.needs.as_slice()).collect();
    let expected: [&[usize]; 5] = [&[], &[], &[0], &[1], &[2]];
    assert_eq!(needs, expected);
}

#[test]
fn a_loop_of_no_turns_is_there_to_depend_on() {
    let plan = planned(&template(json!([
        resource(
            "[concat('n', copyIndex())]",
            json!({ "copy": { "name": "loop", "count": 0 } })
        ),
        resource("after", json!({ "dependsOn": ["loop"] })),
    ])))
    .unwrap();
    assert_eq!(plan.len(), 1);
    assert_eq!(plan[0].needs, [] as [usize; 0]);
}

#[test]
fn groups_nested_and_extension_resources_have_the_ids_they_are_known_by() {
    let group = "/subscriptions/s/resourceGroups/rg";
    let plan = planned(&template(json!([
        { "type": "Microsoft.Resources/resourceGroups", "apiVersion": "2024-11-01", "name": "rg",
          "location": "japaneast" },
        { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "in", "resourceGroup": "rg",
          "dependsOn": ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'rg')]"],
          "properties": { "mode": "Incremental", "template": {
              "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
              "contentVersion": "1.0.0.0", "resources": [] } } },
        resource("parent", json!({ "resources": [
            { "type": "b", "apiVersion": "2020-01-01", "name": "child", "dependsOn": ["parent"] }] })),
        resource("extra", json!({ "type": "M.A/locks", "scope": "N.S/a/parent" })),
        resource("far", json!({ "type": "M.A/locks", "scope": group })),
        resource("parent/M.A/old", json!({ "type": "N.S/a/providers/locks" })),
    ])))
    .unwrap();
    let ids: Vec<&str> = plan.iter().map(|planned| planned.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            group,
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Resources/deployments/in",
            "/subscriptions/s/providers/N.S/a/parent",
            "/subscriptions/s/providers/N.S/a/parent/b/child",
            "/subscriptions/s/providers/N.S/a/parent/providers/M.A/locks/extra",
            "/subscriptions/s/resourceGroups/rg/providers/M.A/locks/far",
            "/subscriptions/s/providers/N.S/a/parent/providers/M.A/locks/old",
        ]
    );
    assert_eq!(plan[1].needs, [0]);
    assert_eq!(plan[3].needs, [2]);
}

#[test]
fn templates_that_make_no_sense_are_refused() {
    for (resources, reason) in [
        (
            json!([
                resource("a", json!({ "dependsOn": ["b"] })),
                resource("b", json!({ "dependsOn": ["a"] }))
            ]),
            "Circular dependency detected on resource",
        ),
        (
            json!([resource("a", json!({ "dependsOn": ["a"] }))]),
            "Circular dependency detected on resource",
        ),
        (
            json!([resource("a", json!({ "dependsOn": ["nobody"] }))]),
            "The resource 'nobody' is not defined in the template",
        ),
        (
            json!([resource("a", json!({})), resource("A", json!({}))]),
            "is defined multiple times",
        ),
        (
            json!([resource("a/b", json!({}))]),
            "has incorrect segment lengths",
        ),
        (
            json!([resource("a", json!({ "condition": "perhaps" }))]),
            "must be a boolean",
        ),
        (
            json!([resource("a", json!({ "nope": 1 }))]),
            "Could not find member 'nope' on object of type 'TemplateResource'",
        ),
        (
            json!([{ "type": "N.S/a", "name": "a" }]),
            "The 'apiVersion' property is required",
        ),
        (
            json!([resource("[reference('x').y]", json!({}))]),
            "'reference' is not expected at this location",
        ),
        (
            json!([resource("a", json!({ "location": "[reference('x').y]" }))]),
            "'reference' is not expected at this location",
        ),
        (
            json!([resource(
                "a",
                json!({ "condition": "[equals(reference('x').y, 1)]" })
            )]),
            "'reference' is not expected at this location",
        ),
        (
            json!([resource("a", json!({ "properties": { "x": "[nope()]" } }))]),
            "The template function 'nope' is not valid",
        ),
        (
            json!([resource(
                "[concat('a', copyIndex())]",
                json!({ "copy": { "name": "c", "count": 801 } })
            )]),
            "it must lie between '0' and '800'",
        ),
        (json!({}), "must be an array"),
    ] {
        let message = refused(resources.clone());
        assert!(message.contains(reason), "{resources}: {message}");
    }
    let mut wrong = template(json!([]));
    wrong["$schema"] =
        "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#".into();
    assert!(
        planned(&wrong)
            .unwrap_err()
            .message
            .contains("is not supported for a deployment at subscription scope")
    );
    wrong = template(json!([]));
    wrong["paramters"] = json!({});
    assert!(
        planned(&wrong)
            .unwrap_err()
            .message
            .contains("Could not find member 'paramters'")
    );
    wrong = template(json!([]));
    wrong["definitions"] = json!({});
    assert!(
        planned(&wrong)
            .unwrap_err()
            .message
            .contains("does not serve the section 'definitions'")
    );
}

#[test]
fn parameters_are_checked_and_defaults_may_need_each_other() {
    let template = json!({ "parameters": {
        "a": { "type": "string", "defaultValue": "[concat(parameters('b'), '!')]" },
        "b": { "type": "String", "defaultValue": "x" },
        "size": { "type": "int", "minValue": 1, "maxValue": 9, "defaultValue": 1 },
        "kind": { "type": "string", "allowedValues": ["p", "q"], "defaultValue": "p" },
        "name": { "type": "securestring", "minLength": 2, "maxLength": 3, "defaultValue": "ab" },
        "list": { "type": "array", "defaultValue": [], "maxLength": 1 },
        "needed": { "type": "bool" } } });
    let resolve = |given: Value| parameters::resolve(&template, &given, &context());
    let values = resolve(json!({ "NEEDED": { "value": true } })).unwrap();
    assert_eq!(values["a"], "x!");
    assert_eq!(values["needed"], true);
    assert!(
        parameters::shown(&template, &values)["name"]
            .get("value")
            .is_none()
    );
    for (given, reason) in [
        (
            json!({}),
            "The value for the template parameter 'needed' is not provided",
        ),
        (
            json!({ "needed": { "value": true }, "more": { "value": 1 } }),
            "The template parameters 'more' in the parameters file are not valid",
        ),
        (
            json!({ "needed": { "value": "true" } }),
            "Expected 'Boolean'. Actual 'String'",
        ),
        (
            json!({ "needed": { "value": true }, "size": { "value": 0 } }),
            "should be greater than or equal to '1'",
        ),
        (
            json!({ "needed": { "value": true }, "size": { "value": 10 } }),
            "should be less than or equal to '9'",
        ),
        (
            json!({ "needed": { "value": true }, "kind": { "value": "P" } }),
            "The value 'P' is not part of the allowed value(s): 'p,q'",
        ),
        (
            json!({ "needed": { "value": true }, "name": { "value": "abcd" } }),
            "Length of the value should be less than or equal to '3'",
        ),
        (
            json!({ "needed": { "value": true }, "list": { "value": [1, 2] } }),
            "Length of the value should be less than or equal to '1'",
        ),
        (
            json!({ "needed": { "reference": {} } }),
            "does not serve the reference to a vault",
        ),
    ] {
        let message = resolve(given).unwrap_err().message;
        assert!(message.contains(reason), "{message}");
    }
    let round = json!({ "parameters": { "a": { "type": "string", "defaultValue": "[parameters('b')]" },
                                        "b": { "type": "string", "defaultValue": "[parameters('a')]" } } });
    assert!(parameters::resolve(&round, &Value::Null, &context()).is_err());
}
