//! What expressions evaluate to.

use serde_json::json;

use super::*;

fn context(in_group: bool) -> DeploymentContext {
    let parameters =
        json!({ "name": "n", "list": [3, 1, 2], "object": { "Key": "v", "b": { "c": 1 } }, "yes": true });
    let group = json!({ "id": "/subscriptions/s/resourceGroups/rg", "name": "rg", "location": "japaneast" });
    DeploymentContext {
        parameters: parameters.as_object().unwrap().clone(),
        variables: json!({
            "a": "[concat(variables('b'), '-a')]",
            "b": "[parameters('name')]",
            "round": "[variables('trip')]",
            "trip": "[variables('round')]",
            "late": "[reference('x')]",
            "copy": [{ "name": "squares", "count": 3,
                       "input": "[mul(copyIndex('squares'), copyIndex('squares'))]" }],
            "inner": { "copy": [{ "name": "items", "count": "[length(parameters('list'))]",
                                  "input": { "i": "[copyIndex('items', 1)]" } }] }
        }),
        subscription: json!({ "id": "/subscriptions/s", "subscriptionId": "s" }),
        group: in_group.then_some(group),
        tenant: json!({ "tenantId": "t" }),
        deployment: json!({ "name": "d" }),
        environment: json!({ "name": "e" }),
        deployer: json!({}),
    }
}

fn evaluated(text: &str) -> Result<Value> {
    let context = context(true);
    Evaluator::new(&context).value(&text.into(), &Frame::default())
}

#[test]
fn functions_answer_what_arm_answers() {
    for (text, expected) in [
        ("[concat('a', 1, true())]", json!("a1True")),
        ("[concat(createArray(1), createArray('x'))]", json!([1, "x"])),
        ("[format('{0}-{1:D3} {{x}}', 'a', 7)]", json!("a-007 {x}")),
        ("[IF(equals('a', 'A'), 'same', 'other')]", json!("other")),
        // The branch not taken is not evaluated.
        ("[if(parameters('yes'), 1, parameters('none'))]", json!(1)),
        ("[and(true(), not(or(false(), false())))]", json!(true)),
        ("[less(1, 2)]", json!(true)),
        ("[greaterOrEquals('b', 'a')]", json!(true)),
        ("[empty(null())]", json!(true)),
        ("[length(parameters('object'))]", json!(2)),
        ("[contains(parameters('object'), 'KEY')]", json!(true)),
        ("[contains('abc', 'B')]", json!(false)),
        (
            "[union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))]",
            json!({ "a": { "x": 1, "y": 2 } }),
        ),
        ("[union(createArray(1, 2), createArray(2, 3))]", json!([1, 2, 3])),
        ("[intersection(createArray(1, 2), createArray(2, 3))]", json!([2])),
        ("[json('{\"a\": [1]}').a[0]]", json!(1)),
        ("[toUpper(toLower('aB'))]", json!("AB")),
        ("[guid('a', 'b')]", json!("2d796349-8c7e-55ec-9624-54ece82ed031")),
        ("[substring('abcdef', 2, 3)]", json!("cde")),
        ("[take('abc', 2)]", json!("ab")),
        ("[skip(parameters('list'), 1)]", json!([1, 2])),
        ("[split('a,b;c', createArray(',', ';'))]", json!(["a", "b", "c"])),
        ("[join(parameters('list'), '-')]", json!("3-1-2")),
        ("[replace('a.b', '.', '-')]", json!("a-b")),
        ("[string(createObject('a', 1))]", json!("{\"a\":1}")),
        ("[int('42')]", json!(42)),
        ("[bool('true')]", json!(true)),
        ("[array('a')]", json!(["a"])),
        ("[min(parameters('list'))]", json!(1)),
        ("[max(3, 7)]", json!(7)),
        ("[add(1, mul(2, sub(9, div(7, mod(5, 3)))))]", json!(13)),
        ("[range(2, 3)]", json!([2, 3, 4])),
        ("[coalesce(null(), 'x')]", json!("x")),
        ("[first(parameters('list'))]", json!(3)),
        ("[last('abc')]", json!("c")),
        ("[indexOf('aBc', 'bC')]", json!(1)),
        ("[startsWith('Abc', 'aB')]", json!(true)),
        ("[endsWith('abC', 'bc')]", json!(true)),
        ("[trim(' a ')]", json!("a")),
        ("[padLeft('7', 3, '0')]", json!("007")),
        ("[base64('abc')]", json!("YWJj")),
        (
            "[items(parameters('object'))[0]]",
            json!({ "key": "Key", "value": "v" }),
        ),
        (
            "[shallowMerge(createArray(createObject('a', 1), createObject('a', 2)))]",
            json!({ "a": 2 }),
        ),
        ("[tryGet(parameters('object'), 'b', 'c')]", json!(1)),
        ("[tryGet(parameters('object'), 'x', 'c')]", Value::Null),
        (
            "[filter(parameters('list'), lambda('i', greater(lambdaVariables('i'), 1)))]",
            json!([3, 2]),
        ),
        (
            "[map(parameters('list'), lambda('v', 'i', add(lambdaVariables('v'), lambdaVariables('i'))))]",
            json!([3, 2, 4]),
        ),
        ("[parameters('object').KEY]", json!("v")),
        ("[parameters('object').?none]", Value::Null),
        ("[parameters('list')[?9]]", Value::Null),
        ("[variables('a')]", json!("n-a")),
        ("[variables('squares')]", json!([0, 1, 4])),
        (
            "[variables('inner')]",
            json!({ "items": [{ "i": 1 }, { "i": 2 }, { "i": 3 }] }),
        ),
        ("[resourceGroup().location]", json!("japaneast")),
        ("[tenant().tenantId]", json!("t")),
    ] {
        assert_eq!(evaluated(text), Ok(expected), "{text}");
    }
}

#[test]
fn ids_are_those_of_the_scope_they_are_made_in() {
    let at = |in_group: bool, text: &str| {
        let context = context(in_group);
        let value = Evaluator::new(&context).value(&text.into(), &Frame::default());
        value.map_or_else(|problem| problem.message, |id| id.as_str().unwrap().to_owned())
    };
    let in_group = "/subscriptions/s/resourceGroups/rg/providers/N.S/a/x/b/y";
    assert_eq!(at(true, "[resourceId('N.S/a/b', 'x', 'y')]"), in_group);
    assert_eq!(at(false, "[resourceId('rg', 'N.S/a/b', 'x', 'y')]"), in_group);
    assert_eq!(
        at(false, "[resourceId('s', 'rg', 'N.S/a/b', 'x', 'y')]"),
        in_group
    );
    assert_eq!(
        at(false, "[resourceId('N.S/a', 'x')]"),
        "/subscriptions/s/providers/N.S/a/x"
    );
    assert_eq!(
        at(true, "[subscriptionResourceId('N.S/a', 'x')]"),
        "/subscriptions/s/providers/N.S/a/x"
    );
    assert_eq!(at(true, "[tenantResourceId('N.S/a', 'x')]"), "/providers/N.S/a/x");
    assert_eq!(
        at(true, "[extensionResourceId(resourceGroup().id, 'N.S/a', 'x')]"),
        "/subscriptions/s/resourceGroups/rg/providers/N.S/a/x"
    );
    assert!(at(true, "[resourceId('N.S/a/b', 'x')]").contains("requires '2' resource name argument(s)"));
    assert!(at(false, "[resourceGroup().id]").contains("is not expected at this location"));
    let group = "/subscriptions/s/providers/Microsoft.Resources/resourceGroups/rg/x";
    assert_eq!(ids::canonical(group), "/subscriptions/s/resourceGroups/rg/x");
}

#[test]
fn what_has_no_value_is_refused_and_an_unknown_function_by_its_name() {
    for (text, reason) in [
        (
            "[frobnicate('x')]",
            "The template function 'frobnicate' is not valid.",
        ),
        (
            "[listKeys('x', '2020-01-01')]",
            "does not evaluate the template function 'listKeys'",
        ),
        ("[my.own('x')]", "functions of a template's own"),
        (
            "[concat()]",
            "function requires at least '1' argument(s) while '0' were provided",
        ),
        (
            "[toLower(1)]",
            "to be of type 'String'. The provided value is of type 'Integer'",
        ),
        (
            "[parameters('none')]",
            "The template parameter 'none' is not found",
        ),
        ("[variables('none')]", "The template variable 'none' is not found"),
        (
            "[variables('round')]",
            "Circular reference detected: the template variable 'round'",
        ),
        (
            "[parameters('object').nope]",
            "property 'nope' doesn't exist, available properties are 'Key, b'",
        ),
        ("[parameters('list')[9]]", "array index '9' is out of bounds"),
        (
            "[parameters('name').x]",
            "can't be evaluated, the value is of type 'String'",
        ),
        ("[copyIndex()]", "'copyIndex' is not expected at this location"),
        ("[lambda('x', 1)]", "'lambda' is not expected at this location"),
        ("[map(parameters('list'), 1)]", "second parameter to be a lambda"),
        (
            "[substring('abc', 2, 5)]",
            "must refer to a location within the string",
        ),
        ("[range(0, 99999)]", "must lie between"),
        ("[format('{1}', 'a')]", "there is no argument '1'"),
        ("[div(1, 0)]", "the result is no integer"),
    ] {
        let problem = evaluated(text).unwrap_err();
        assert_eq!(problem.code, "InvalidTemplate");
        assert!(problem.message.contains(reason), "{text}: {}", problem.message);
    }
}

#[test]
fn a_reference_has_a_value_only_where_resources_are_deployed() {
    struct Everything;
    impl DeployedResources for Everything {
        fn reference(&self, resource: &str, version: Option<&str>, full: bool) -> Result<Value> {
            Ok(json!([resource, version, full]))
        }
    }
    let context = context(true);
    let deployed = Evaluator::deployed(&context, &Everything);
    let value = |text: &str| deployed.value(&text.into(), &Frame::default());
    assert_eq!(value("[reference('x')]"), Ok(json!(["x", null, false])));
    assert_eq!(
        value("[reference('x', '2020-01-01', 'full')]"),
        Ok(json!(["x", "2020-01-01", true]))
    );
    assert!(value("[reference('x', '2020-01-01', 'some')]").is_err());
    // Not in variables, not in the count of a loop, and not before.
    assert!(value("[variables('late')]").unwrap_err().needs_runtime);
    let count = json!({ "copy": [{ "name": "x", "count": "[reference('x')[0]]", "input": 1 }] });
    assert!(
        deployed
            .value(&count, &Frame::default())
            .unwrap_err()
            .needs_runtime
    );
    let before = evaluated("[reference('x')]").unwrap_err();
    assert!(
        before
            .message
            .contains("The template function 'reference' is not expected at this location")
    );
}

#[test]
fn loops_in_properties_are_unrolled_and_keys_are_evaluated() {
    let context = context(true);
    let value = json!({
        "copy": [{ "name": "disks", "count": 2,
                   "input": { "lun": "[copyIndex('disks')]", "of": "[copyIndex()]" } }],
        "[parameters('name')]": { "copy": "kept where it is no loop" }
    });
    let frame = Frame::default().turn("outer", 5, true);
    assert_eq!(
        Evaluator::new(&context).value(&value, &frame),
        Ok(json!({
            "disks": [{ "lun": 0, "of": 5 }, { "lun": 1, "of": 5 }],
            "n": { "copy": "kept where it is no loop" }
        }))
    );
}
