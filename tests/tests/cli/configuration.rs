//! `init`, `check`, `admin`: what the configuration is and holds.

use insta::assert_snapshot;
use kompox_tests::binary::TestEnvironment;
use kompoxops::exit_codes::{DONE, FAILED};

use crate::{PROGRAM, members, shop};

#[test]
fn init_begins_a_configuration_and_refuses_to_overwrite_one() {
    let env = TestEnvironment::empty(PROGRAM);
    assert_snapshot!(env.run("init").expect(DONE), @"
    ------- stderr -------
    made .kompox
    made .kompox/kom
    made .kompox/logs
    made .kompox/config.yml
    made .kompox/.gitignore
    next: write KOM documents to .kompox/kom/*.yml, then run `kompoxops check`
    [exit status: 0]
    ");
    assert_snapshot!(env.run("init").expect(FAILED), @"
    ------- stderr -------
    error: .kompox/config.yml is there already (conflict)
    hint: use -f to write it anew
    [exit status: 1]
    ");
    env.write(".kompox/config.yml", "version: 1 # mine\n");
    assert_snapshot!(env.run("init -f").expect(DONE), @"
    ------- stderr -------
    made .kompox/config.yml
    next: write KOM documents to .kompox/kom/*.yml, then run `kompoxops check`
    [exit status: 0]
    ");
    assert!(!env.read(".kompox/config.yml").contains("mine"));
    assert_eq!(env.run("init --force -q").expect(DONE).everything(), "\n");
    // What was begun says how to go on.
    assert_snapshot!(env.run("check").expect(FAILED), @"
    ------- stderr -------
    error: there is no KOM document in [ROOT]/work/.kompox/kom yet (invalidInput)
    hint: write some; `kompoxops quickstart` makes an example to begin with
    [exit status: 1]
    ");
}

#[test]
fn init_makes_the_root_that_the_environment_names() {
    let env = TestEnvironment::empty(PROGRAM);
    std::fs::create_dir(env.path("project")).unwrap();
    let init = |name: &str, value: &str| env.command("init").env(name, value).run();
    assert_snapshot!(init("KOMPOX_ROOT", "project").expect(DONE), @"
    ------- stderr -------
    made project/.kompox
    made project/.kompox/kom
    made project/.kompox/logs
    made project/.kompox/config.yml
    made project/.kompox/.gitignore
    next: write KOM documents to project/.kompox/kom/*.yml, then run `kompoxops check`
    [exit status: 0]
    ");
    assert_snapshot!(init("KOMPOX_DIR", "conf").expect(FAILED), @"
    ------- stderr -------
    error: init makes .kompox in a root directory, and nowhere else (invalidInput)
    hint: give --kompox-root, or -C, in place of KOMPOX_DIR, which is set
    [exit status: 1]
    ");
    assert!(!env.path(".kompox").exists() && !env.path("conf").exists());
    let default = env.path(".kompox");
    init("KOMPOX_DIR", default.to_str().unwrap()).assert_code(DONE);
    assert!(default.is_dir());
}

#[test]
fn a_good_configuration_is_reported_in_every_format() {
    let env = shop();
    assert_snapshot!(env.run("check -o json").expect(DONE), @r#"
    {
      "ok": true,
      "files": [
        "[ROOT]/work/.kompox/kom/app.yml",
        "[ROOT]/work/.kompox/kom/cluster.yml",
        "[ROOT]/work/.kompox/kom/provider.yml",
        "[ROOT]/work/.kompox/kom/workspace.yml"
      ],
      "workspaces": 1,
      "providers": 1,
      "clusters": 1,
      "apps": 1,
      "findings": [],
      "checks": null
    }
    [exit status: 0]
    "#);
    assert_snapshot!(env.run("check -o table").expect(DONE), @"
    checked 4 files with 1 workspace, 1 provider, 1 cluster, 1 app: nothing is wrong, as far as can be told without a request
    [exit status: 0]
    ");
    assert_snapshot!(env.run("check -o name").expect(DONE), @"[exit status: 0]");
    assert!(
        env.run("check -o yaml")
            .expect(DONE)
            .stdout
            .starts_with("ok: true\n")
    );
    assert_eq!(env.emulator().requests().len(), 0);
}

#[test]
fn every_finding_says_whose_it_is_and_what_to_do() {
    let env = shop();
    env.edit(".kompox/kom/provider.yml", "AZURE_LOCATION", "AZURE_LOCATOIN");
    env.edit(".kompox/kom/provider.yml", "\"Custom\"", "Custm");
    env.write(
        ".kompox/kom/provider.yml",
        &(env.read(".kompox/kom/provider.yml") + "    AZURE_RESOURCE_PREFIX: \"a b\"\n"),
    );
    env.edit(".kompox/kom/app.yml", "rg-shop", "env:GROUP");
    env.edit(
        ".kompox/kom/app.yml",
        "size: 4Gi",
        "size: 4Gi\n      options:\n        sku: Premium",
    );
    env.edit(".kompox/kom/app.yml", "size: 8Gi", "size: 8Gi\n      type: files");
    env.write(
        ".kompox/kom/more.yml",
        "apiVersion: ops.kompox.dev/v1alpha1
kind: App
metadata:
  name: big
  annotations:
    ops.kompox.dev/id: /ws/demo/prv/azure/cls/main/app/big
spec:
  volumes:
    - name: huge
      size: 40Ti
    - name: quick
      size: 1Gi
      options:
        sku: PremiumV2_LRS
        iops: many
",
    );
    let found = env.run("check -o json").expect(FAILED);
    assert_eq!(found.json()["ok"], false);
    let findings = found.json()["findings"].as_array().unwrap().clone();
    assert!(findings.len() >= 7, "{found}");
    for finding in &findings {
        assert_eq!(members(finding), ["hint", "id", "message"]);
        assert!(finding["hint"].is_string(), "no hint: {finding}");
    }
    assert_eq!(found.stderr, "");
    assert_snapshot!(env.run("check -o table").expect(FAILED), @r#"
    ID                                     FINDING                                                                            WHAT TO DO
    /ws/demo/prv/azure                     setting AZURE_LOCATOIN is not known                                                did you mean AZURE_LOCATION?
    /ws/demo/prv/azure                     settings are missing: AZURE_LOCATION                                               set them in the provider's settings; a secret may be given as env:NAME or file:PATH
    /ws/demo/prv/azure                     setting AZURE_RESOURCE_PREFIX "a b" cannot begin a name                            use 1 to 32 letters, digits, '-', '_' or '.'
    /ws/demo/prv/azure                     unsupported AZURE_CLOUD "Custm"                                                    did you mean Custom?
    /ws/demo/prv/azure/cls/main/app/shop   setting AZURE_RESOURCE_GROUP_NAME is given as env:GROUP, but must be written out   write the name itself: it is no secret
    /ws/demo/prv/azure/cls/main/app/shop   volume db: option sku: "Premium" is not a disk SKU                                 did you mean Premium_LRS?
    /ws/demo/prv/azure/cls/main/app/shop   volume uploads is of type files, which driver aks does not support                 leave `type` out, or write `type: disk`
    /ws/demo/prv/azure/cls/main/app/big    volume huge: 40Ti is more than a disk of Premium_LRS can hold: 32767 GiB           make the volume smaller; PremiumV2_LRS and UltraSSD_LRS hold 65536 GiB
    /ws/demo/prv/azure/cls/main/app/big    volume quick: option iops: many is not a whole number above zero                   write a number, such as iops: 3000
    checked 5 files with 1 workspace, 1 provider, 1 cluster, 2 apps: 9 findings
    [exit status: 1]
    "#);
}

#[test]
fn admin_lists_what_the_configuration_holds() {
    let env = shop();
    assert_snapshot!(env.run("admin workspace list -o table").expect(DONE), @"
    NAME   ID
    demo   /ws/demo
    [exit status: 0]
    ");
    assert_snapshot!(env.run("admin provider list -o table").expect(DONE), @"
    NAME    DRIVER   ID
    azure   aks      /ws/demo/prv/azure
    [exit status: 0]
    ");
    assert_snapshot!(env.run("admin cluster list -o table").expect(DONE), @"
    NAME   EXISTING   PROVISIONING   INSTALLATION   ID
    main   no         none           none           /ws/demo/prv/azure/cls/main
    [exit status: 0]
    ");
    assert_snapshot!(env.run("admin app list -o table").expect(DONE), @"
    NAME   VOLUMES      ZONE   ID
    shop   db,uploads   1      /ws/demo/prv/azure/cls/main/app/shop
    [exit status: 0]
    ");
    for noun in ["workspace", "provider", "cluster", "app"] {
        let list = env.run(&format!("admin {noun} list")).expect(DONE).json();
        let one = list[0]["name"].as_str().unwrap().to_owned();
        let names = env.run(&format!("admin {noun} list -o name")).expect(DONE);
        assert_eq!(names.stdout, format!("{one}\n"));
        // By name and by id.
        let by_name = env.run(&format!("admin {noun} get {one}")).expect(DONE).json();
        let id = list[0]["id"].as_str().unwrap();
        let by_id = env.run(&format!("admin {noun} get {id}")).expect(DONE).json();
        assert_eq!((&by_name, &by_id), (&list[0], &list[0]));
        let yaml = env.run(&format!("admin {noun} get {one} -o yaml")).expect(DONE);
        assert!(yaml.stdout.contains(&format!("id: {id}\n")), "{yaml}");
    }
    assert_eq!(env.emulator().requests().len(), 0);
}

#[test]
fn admin_shows_one_part_in_full() {
    let env = shop();
    assert_snapshot!(env.run("admin app get shop -o table").expect(DONE), @"
    FIELD                                VALUE
    name                                 shop
    id                                   /ws/demo/prv/azure/cls/main/app/shop
    deployment.zone                      1
    volumes.db                           disk, 4Gi
    volumes.uploads                      disk, 8Gi
    settings.AZURE_RESOURCE_GROUP_NAME   rg-shop
    [exit status: 0]
    ");
    assert_snapshot!(env.run("admin app get shop").expect(DONE), @r#"
    {
      "id": "/ws/demo/prv/azure/cls/main/app/shop",
      "name": "shop",
      "deployment": {
        "zone": "1"
      },
      "volumes": [
        {
          "name": "db",
          "size": 4294967296,
          "type": "disk",
          "options": {}
        },
        {
          "name": "uploads",
          "size": 8589934592,
          "type": "disk",
          "options": {}
        }
      ],
      "settings": {
        "AZURE_RESOURCE_GROUP_NAME": "rg-shop"
      }
    }
    [exit status: 0]
    "#);
    assert_snapshot!(env.run("admin cluster get main").expect(DONE), @r#"
    {
      "id": "/ws/demo/prv/azure/cls/main",
      "name": "main",
      "existing": false,
      "protection": {
        "provisioning": "none",
        "installation": "none"
      },
      "ingress": {
        "namespace": "traefik",
        "serviceAccount": "traefik",
        "controller": null,
        "domain": null,
        "certEmail": null,
        "certResolver": null,
        "certificates": [],
        "image": {
          "registry": null,
          "repository": null,
          "tag": null,
          "digest": null
        },
        "replicas": null,
        "customResources": false,
        "headerAliases": null
      },
      "settings": {
        "AZURE_RESOURCE_GROUP_NAME": "rg-main"
      }
    }
    [exit status: 0]
    "#);
    assert_snapshot!(env.run("admin workspace get demo").expect(DONE), @r#"
    {
      "id": "/ws/demo",
      "name": "demo"
    }
    [exit status: 0]
    "#);
    assert_snapshot!(env.run("admin app get shpo").expect(FAILED), @r#"
    ------- stderr -------
    error: the configuration has no app "shpo" (notFound)
    hint: did you mean shop? apps: /ws/demo/prv/azure/cls/main/app/shop
    [exit status: 1]
    "#);
}

#[test]
fn the_secret_is_not_part_of_what_admin_shows() {
    let env = shop();
    let secret = env.connection().client_secret.clone();
    // Written into the configuration itself, which is accepted.
    env.edit(
        ".kompox/kom/provider.yml",
        "file:../secrets/client-secret",
        &secret,
    );
    for format in ["json", "yaml", "table"] {
        let shown = env
            .run(&format!("admin provider get azure -o {format}"))
            .expect(DONE);
        assert!(shown.stdout.contains("AZURE_CLIENT_SECRET"), "{shown}");
        assert!(shown.stdout.contains("***"), "{shown}");
        assert!(!shown.everything().contains(&secret), "{shown}");
    }
    env.run("disk list").assert_code(DONE);
}
