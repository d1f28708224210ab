//! The sign-in file: what is wrong with it is said by file, table and field.
use std::path::Path;
use tamis::sign_in::settings::Settings;

fn refused(text: &str) -> String {
    Settings::parse(Path::new("sign-in.toml"), text).unwrap_err().to_string()
}

const GOOD: &str =
    "[[oidc]]\nid = \"acme\"\nname = \"Acme\"\nissuer = \"https://id.example.org\"\nclient_id = \"tamis\"\n";

#[test]
fn a_wrong_file_is_refused_by_file_table_and_field() {
    let secret = "client_secret = \"canary-0451\"\n";
    for (text, wanted) in [
        (GOOD.to_owned(), ["[[oidc]] `acme`", "`client_secret`", "client_secret_file"]),
        (
            format!("{GOOD}client_secret = \"env:TAMIS_NO_SUCH\"\n"),
            ["[[oidc]] `acme`", "`client_secret`", "TAMIS_NO_SUCH"],
        ),
        (
            format!("{GOOD}client_secret_file = \"/no/such\"\n"),
            ["[[oidc]] `acme`", "`client_secret_file`", "/no/such"],
        ),
        (format!("{GOOD}{secret}colour = \"red\"\n"), ["[[oidc]] `acme`", "unknown field", "colour"]),
        (
            format!("{GOOD}{secret}[oidc.teams]\nops = \"acme\"\n"),
            ["[[oidc]] `acme`", "`teams`", "team:role"],
        ),
        (
            format!("{GOOD}{secret}[oidc.teams]\nops = \"acme:king\"\n"),
            ["[[oidc]] `acme`", "`teams`", "king"],
        ),
        (format!("{GOOD}{secret}[oidc.roles]\nops = \"user\"\n"), ["[[oidc]] `acme`", "`roles`", "curator"]),
        (format!("{GOOD}{secret}require_group = true\n"), ["[[oidc]] `acme`", "`require_group`", "teams"]),
        (
            format!("{GOOD}{secret}allowed_domains = [\"a@b\"]\n"),
            ["[[oidc]] `acme`", "`allowed_domains`", "a@b"],
        ),
        (format!("{GOOD}{secret}{GOOD}{secret}"), ["[[oidc]] `acme`", "`id`", "another"]),
        (GOOD.replace("https", "http") + secret, ["[[oidc]] `acme`", "`issuer`", "https"]),
        (GOOD.replace("acme", "A b") + secret, ["[[oidc]] `A b`", "`id`", "lower-case"]),
        (GOOD.replace("[[oidc]]", "[oidc]") + secret, ["[[oidc]]", "two brackets", "oidc"]),
        ("[github]\nclient_id = \"x\"\n".into(), ["[github]", "`client_secret`", "env:NAME"]),
        (
            format!("[github]\nclient_id = \"x\"\n{secret}url = \"https://ghe.example.org\"\n"),
            ["[github]", "`api_url`", "/api/v3"],
        ),
        ("[local]\nenabled = \"yes\"\n".into(), ["[local]", "enabled", "boolean"]),
        ("[ldap]\n".into(), ["sign-in.toml", "`ldap`", "[[oidc]]"]),
        (format!("{GOOD}client_secret = \"canary-0451\n"), ["sign-in.toml", "line 6", "string"]),
    ] {
        let said = refused(&text);
        assert!(said.contains("--sign-in") && said.contains("sign-in.toml"), "{said}");
        for part in wanted {
            assert!(said.contains(part), "{text}\n{part} is not in: {said}");
        }
        assert!(!said.contains("canary-0451"), "{said}");
    }
}

#[test]
fn a_file_says_what_it_does_not_change() {
    let parse = |text: &str| Settings::parse(Path::new("sign-in.toml"), text).unwrap();
    assert!(parse("").local);
    assert!(!parse("[local]\nenabled = false\n").local);
    let settings = parse(&format!(
        "{GOOD}client_secret = \"canary-0451\"\n[oidc.teams]\nops = \"acme:maintainer, other:member\"\n"
    ));
    let acme = settings.oidc("acme").unwrap();
    assert_eq!(acme.rules.teams.len(), 2);
    assert!(!acme.rules.allow_sign_up);
    assert_eq!(acme.scopes, ["email", "profile"]);
    assert!(!format!("{settings:?}").contains("canary-0451"));
}
