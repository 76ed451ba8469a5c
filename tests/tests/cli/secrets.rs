//! The client secret and the token never leave the program but for Azure.

use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::DONE;

use crate::shop;

/// Everything that was printed and logged, and what to look for in it.
fn told(env: &TestEnvironment, lines: &[&str], flags: &str) -> String {
    let mut told = String::new();
    for line in lines {
        let output = env.run(&format!("{line} --log-level trace --log-output log {flags}"));
        told.push_str(&output.everything());
    }
    told.push_str(&env.read("log"));
    told
}

fn assert_no_secret(text: &str, secret: &str) {
    assert!(!text.contains(secret), "{text}");
    // The beginning of every JWT, and the header that carries one.
    for word in ["eyJ", "Bearer "] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

#[test]
fn neither_secret_nor_token_is_printed_or_logged() {
    let env = shop();
    let secret = env.connection().client_secret.clone();
    for format in ["human", "json"] {
        let lines = [
            "check -o json",
            "admin provider get azure -o json",
            "disk create --bootstrap --progress json",
            "snapshot create -V db",
            "disk list -o table",
            "disk list -V nope -o json",
        ];
        let told = told(&env, &lines, &format!("--log-format {format}"));
        assert!(told.contains("TRACE") || told.contains("DEBUG"), "{told}");
        assert_no_secret(&told, &secret);
    }
}

#[test]
fn a_refused_secret_is_not_shown_either() {
    let env = shop();
    env.write(".kompox/secrets/client-secret", "almost-right-hunter2\n");
    let told = told(&env, &["disk list", "disk create -V db -o json"], "");
    assert!(told.contains("unauthenticated"), "{told}");
    assert_no_secret(&told, "almost-right-hunter2");
}

#[test]
fn a_secret_in_the_configuration_is_not_in_the_errors_about_it() {
    let env = shop();
    let secret = env.connection().client_secret.clone();
    env.edit(
        ".kompox/kom/provider.yml",
        "file:../secrets/client-secret",
        &secret,
    );
    env.run("disk list -q").assert_code(DONE);
    env.edit(
        ".kompox/kom/provider.yml",
        "AZURE_CLIENT_SECRET",
        "AZURE_CLIENT_SECERT",
    );
    let broken = told(
        &env,
        &["disk list", "check", "check -o json", "admin provider get azure"],
        "",
    );
    assert!(broken.contains("AZURE_CLIENT_SECERT"), "{broken}");
    assert_no_secret(&broken, &secret);
    env.edit(".kompox/kom/provider.yml", "  driver: aks", "  driver: [aks");
    assert_no_secret(&told(&env, &["disk list", "check"], ""), &secret);
}
