//! What hostile answers are put together from.

use kompox_azure_emulator::Respond;
use proptest::prelude::*;
use proptest::sample::select;

/// Stands for the address that was asked.
const HERE: &str = "HERE";

fn address() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "HERE",
        "HERE&$skiptoken=2",
        "HERE#x",
        "/relative",
        "",
        "http://127.0.0.1/x",
        "https://evil.example/x",
        "https://user:password@127.0.0.1/x",
        "https://127.0.0.1:1/x",
        "https://[::1]/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ];
    prop_oneof![
        4 => select(KNOWN).prop_map(str::to_owned),
        1 => "HERE[!-~]{0,40}",
        1 => "[ -~]{0,60}",
        1 => (0_usize..40_000).prop_map(|length| format!("HERE&x={}", "y".repeat(length))),
    ]
}

fn time() -> impl Strategy<Value = String> {
    const KNOWN: &[&str] = &[
        "0",
        "1",
        "-1",
        "0.5",
        "18446744073709551615",
        "99999999999999999999",
        "soon",
        "NaN",
        "Sat, 21 Nov 2026 10:00:05 GMT",
        "Sat, 31 Feb 9999 24:00:61 GMT",
        "((((((",
        "Fri, 01 Jan 0000 00:00:00 +2400",
    ];
    prop_oneof![3 => select(KNOWN).prop_map(str::to_owned), 1 => "[ -~]{0,30}"]
}

fn header() -> impl Strategy<Value = (String, String)> {
    let of = |name: &'static str| move |value: String| (name.to_owned(), value);
    prop_oneof![
        3 => address().prop_map(of("azure-asyncoperation")),
        3 => address().prop_map(of("location")),
        1 => time().prop_map(of("retry-after")),
        1 => time().prop_map(of("x-ms-retry-after-ms")),
        1 => "[ -~]{0,400}".prop_map(of("x-ms-correlation-request-id")),
        1 => "[ -~]{0,40}".prop_map(of("content-type")),
        1 => "[ -~]{0,40}".prop_map(of("www-authenticate")),
    ]
}

/// Any JSON whose names are those that are looked for.
fn json() -> impl Strategy<Value = String> {
    const NAMES: &[&str] = &[
        "error",
        "code",
        "message",
        "details",
        "target",
        "additionalInfo",
        "type",
        "info",
        "value",
        "nextLink",
        "status",
        "percentComplete",
        "resourceLocation",
        "properties",
        "provisioningState",
        "policyDefinitionName",
        "name",
        "tags",
        "id",
        "location",
    ];
    const WORDS: &[&str] = &[
        "Succeeded",
        "Failed",
        "Canceled",
        "InProgress",
        "PolicyViolation",
        "ResourceGroupNotFound",
        "\\u0000",
        "\\u001b[31m",
        "\\ud800",
        "{\\\"error\\\":{\\\"message\\\":\\\"m\\\"}}",
        "HERE&$skiptoken=3",
    ];
    let leaf = prop_oneof![
        select(WORDS).prop_map(|word| format!("\"{word}\"")),
        address().prop_map(|text| serde_json::Value::from(text).to_string()),
        select(
            &[
                "null",
                "true",
                "-1",
                "1e308",
                "1e999",
                "18446744073709551616",
                "0.5",
                "{}",
                "[]"
            ][..]
        )
        .prop_map(str::to_owned),
        (1_usize..5_000).prop_map(|length| format!("\"{}\"", "z".repeat(length))),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let field = (select(NAMES), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec(field, 0..4).prop_map(|fields| {
                let fields: Vec<String> = fields
                    .into_iter()
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

/// A body; most look like something that ARM would say.
pub(crate) fn body() -> impl Strategy<Value = String> {
    let shaped = |shape: &'static str| json().prop_map(move |json| shape.replace("JSON", &json));
    prop_oneof![
        1 => Just(String::new()),
        1 => "\\PC{0,200}",
        3 => json(),
        3 => shaped(r#"{"error":JSON}"#),
        2 => shaped(r#"{"error":{"code":JSON,"message":"m","details":[JSON,JSON]}}"#),
        2 => shaped(r#"{"value":[JSON],"nextLink":JSON}"#),
        2 => shaped(r#"{"status":"InProgress","percentComplete":JSON}"#),
        2 => shaped(r#"{"status":"Failed","error":JSON}"#),
        2 => shaped(r#"{"status":"Succeeded","resourceLocation":JSON,"properties":JSON}"#),
        3 => shaped(r#"{"properties":{"provisioningState":"Succeeded","x":JSON}}"#),
        2 => shaped(r#"{"properties":{"provisioningState":JSON}}"#),
        1 => (json(), 0_usize..200).prop_map(|(json, at)| json.chars().take(at).collect()),
        1 => (1_usize..50_000).prop_map(|depth| "[".repeat(depth)),
        1 => (1_usize..2_000).prop_map(|depth| r#"{"error":{"details":["#.repeat(depth)),
    ]
}

/// An answer to a request for `url`.
pub(crate) fn answer(url: String) -> impl Strategy<Value = Respond> {
    const COMMON: &[u16] = &[
        200, 200, 200, 201, 202, 202, 202, 204, 302, 400, 401, 403, 404, 409, 410, 429, 500, 503,
    ];
    let status = prop_oneof![6 => select(COMMON), 1 => 200_u16..600];
    let headers = proptest::collection::btree_map("[a-z]{1,8}", header(), 0..4);
    (status, headers, body()).prop_map(move |(status, headers, body)| {
        let here = |text: String| text.replace(HERE, &url);
        Respond {
            status,
            headers: headers
                .into_values()
                .map(|(name, value)| (name, here(value)))
                .collect(),
            body: Some(here(body)),
            ..Respond::default()
        }
    })
}
