//! The one table of problem codes, with what each means; `/problems/{code}` shows it, and a
//! test finds every code that the sources use here.
use super::problem::Problems;
use crate::{
    auth::access::segment,
    console::{parts::ticked, plain},
    error::{Error, Result},
};
use actix_web::{HttpRequest, HttpResponse, get};

pub const CODES: &[(&str, &str)] = &[
    ("account-disabled", "The account is disabled; an administrator can enable it again."),
    (
        "address-refused",
        "An import, or an issuer, led to an address that this server must not connect to. The operator can allow a network with --allow-network.",
    ),
    ("already-member", "The person is a member of the team already."),
    (
        "appeal-open",
        "An appeal of this release waits for its answer, and one matter of a release is open at a time: wait for the answer, or withdraw the appeal.",
    ),
    ("appealed", "There is one appeal against each rejection."),
    ("body-too-large", "The body is larger than this kind of request may be."),
    ("body-too-slow", "The body did not arrive in the time that there is for it. Send it again."),
    ("conflict", "Two requests made the same thing at the same moment. Read it and try again."),
    ("digest-mismatch", "What was fetched has another digest than the request names."),
    ("endless-token", "Every token ends, after a year at most."),
    ("fetch-failed", "The source of an import, or an issuer, did not answer as it should."),
    (
        "first-publication",
        "The first publication of a namespace is approved on its own page, not with others.",
    ),
    ("foreign-origin", "A browser session may write only from Tamis's own pages."),
    ("form-expired", "The form was shown to another browser or too long ago. Open the page again."),
    ("handle-taken", "The handle is taken, or would be mistaken for one that is."),
    ("has-published-releases", "A filter is removed only when nothing of it is published."),
    ("idempotency-in-progress", "The first request with this Idempotency-Key is still being served."),
    (
        "idempotency-key-outdated",
        "The request was served, and its answer may tell of what the caller has lost since.",
    ),
    ("idempotency-key-reused", "This Idempotency-Key was sent with another request."),
    ("identity-linked", "The identity belongs to another account here."),
    ("insecure-sign-in", "Sign-in over plain http works on loopback only."),
    ("insufficient-scope", "The token does not carry the scope that this route asks for."),
    ("internal", "A fault on the server's side; its log has the request id."),
    ("invalid", "A field of the request is not valid; `errors` names each and says how it should be."),
    ("last-admin", "An instance keeps at least one administrator who can sign in."),
    ("last-owner", "A team keeps at least one owner."),
    ("last-way-in", "An account keeps at least one way to sign in."),
    ("link-used", "A sign-in link works once and for half an hour."),
    ("meshery-login-ended", "The login from a Meshery Server has ended; log in from there again."),
    ("metadata-only", "Administrators see that a release exists, not its bytes."),
    ("method-not-allowed", "The path answers to other methods; `Allow` lists them."),
    (
        "module-damaged",
        "The stored bytes are not those that the digest names; an operator has to restore them.",
    ),
    ("module-refused", "Verification refused the module; `errors` and `report` say why and what to do."),
    ("module-too-large", "The module is larger than the operator allows."),
    ("name-taken", "The name is taken, or would be mistaken for one that is."),
    (
        "no-account",
        "No account here belongs to this identity. Sign in to your account in another way and link it there, or ask an operator for one.",
    ),
    ("no-appeal", "The review has no appeal that waits for a decision."),
    ("no-minted-token", "No token is made for this Meshery Server; an administrator has to let it in first."),
    (
        "no-secret-of-ours",
        "Targets of this kind have a token of their own, which is stored anew and not rotated.",
    ),
    ("no-such-user", "There is no user of this name."),
    ("not-a-draft", "Only a draft can be changed or deleted directly."),
    (
        "not-admitted",
        "The operator's rules do not let this identity in: its verified address, its groups or its organisations.",
    ),
    (
        "not-alike",
        "Reviews are approved together only where risk, its addends and the remarks of required checks are the same.",
    ),
    ("not-approved", "Only an approved review can be released, and only once."),
    ("not-empty", "The directory holds something already; nothing was written."),
    ("not-found", "There is nothing here, or nothing that the caller may see; the two are not told apart."),
    ("not-published", "Nothing of it is published, or asked to be."),
    ("not-requested", "An administrator asks first, then a second person countersigns."),
    ("nothing-to-clone", "The filter has no release that the caller may clone."),
    ("nothing-to-download", "The filter has no release whose bytes the caller may have."),
    ("nothing-to-publish", "The filter has no release yet."),
    ("nothing-to-roll-back-to", "Nothing else of this filter was confirmed on the target before."),
    ("older-database", "The database is of an older Tamis; it was left as it is."),
    ("outside-window", "The operator's policy releases at other times; the approval stays."),
    ("own-account", "Somebody else has to disable your account."),
    ("own-work", "Who submitted, uploaded or may write a filter does not decide on it."),
    ("owns-filters", "A team is removed only when it owns no filters."),
    ("passing-credential", "An access token of a program makes nothing that would outlast it."),
    ("person-needed", "Robots, and tokens for a part, do not decide about people and ownership."),
    ("provider-answer", "What the provider sent does not fit the sign-in that began here. Start again."),
    (
        "provider-away",
        "The provider does not answer as it should. Try again in a moment, or sign in another way.",
    ),
    ("quarantined", "A curator has quarantined the release; the reason is in `detail`."),
    (
        "range-not-satisfiable",
        "No byte of the range asked for is in the module; `Content-Range` has its size.",
    ),
    ("rate-limited", "Too many requests from this client; `Retry-After` says how many seconds to wait."),
    ("recused", "Who has recused themselves from a review takes no part in deciding it."),
    ("release-exists", "The version has other bytes, and a version never changes its bytes."),
    ("renamed", "It has another name now. Reads follow the old one, writes do not."),
    ("review-closed", "The review has ended."),
    ("review-open", "The release has an open review already."),
    ("review-state", "The review is in a state that this act does not start from."),
    ("review-taken", "Another curator has taken the review."),
    ("robot", "Robots act by token alone and never sign in."),
    ("role", "The caller's role does not allow this."),
    ("scope-beyond-credential", "A token can carry no more than the credential that makes it."),
    ("scope-beyond-role", "A token can carry no more than its owner's role allows."),
    (
        "sealed-otherwise",
        "A stored credential was sealed with another key, or for another place; store it again.",
    ),
    ("second-person", "This takes another person than the one who began it."),
    ("session-needed", "The act takes a person who has signed in with a browser."),
    ("sign-in-again", "The act takes a sign-in of the last ten minutes. Sign in again, then repeat it."),
    (
        "sign-in-expired",
        "The sign-in was not begun in this browser, was finished already, or took longer than ten minutes. Start again.",
    ),
    ("sign-in-refused", "The provider did not sign you in."),
    ("stale", "The object has changed since the caller looked at it."),
    ("storage-full", "There is no room left; nothing was changed."),
    (
        "target-in-use",
        "The target still holds filters; take them back first, or leave them there on purpose.",
    ),
    ("too-many-documents", "One person has as many of these as are kept for one."),
    ("too-many-names", "Each handle that was left stays taken, so nobody leaves many."),
    ("too-many-open", "Too many invitations of the team are open at once."),
    ("too-many-pending", "Many Meshery Servers wait for an administrator already."),
    ("transfer-open", "The filter has been offered already."),
    ("unauthenticated", "The route needs a credential, or the one that was sent is not good."),
    ("unavailable", "A part of the service is away; try again in a moment."),
    ("unpack-failed", "What was fetched could not be unpacked to one module."),
    ("unsupported-content-encoding", "Uploads are sent without a content coding."),
    ("unsupported-media-type", "The body has another Content-Type than the route takes."),
    (
        "untrusted-token",
        "The identity token is not good, has been used, or no trusted publisher of the filter accepts it.",
    ),
    ("version-retired", "The version was deleted, and never gets other bytes."),
    ("wrong-credentials", "Name and password do not fit."),
    ("wrong-state", "The release is in a state that this action does not start from."),
];

/// What a problem code means
#[utoipa::path(tag = "pages", operation_id = "getProblem", params(("code" = String, Path, description = "The `code` of a problem")),
    responses((status = 200, description = "What it means", content_type = "text/html", body = String), Problems), security(()))]
#[get("/problems/{code}")]
pub async fn get_problem(request: HttpRequest) -> Result<HttpResponse> {
    let code: String = segment(&request, "code")?;
    let (code, meaning) = CODES.iter().find(|(known, _)| *known == code).ok_or_else(Error::not_found)?;
    Ok(plain::page(code, &format!("<h1><code>{code}</code></h1><p>{}</p>", ticked(meaning))))
}

#[cfg(test)]
mod tests {
    use super::CODES;
    use std::{collections::BTreeSet, fs, path::Path};

    fn sources(directory: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    /// The first text literal after each way to make an error with a code.
    fn codes_in(text: &str) -> Vec<String> {
        let makers = [
            "Error::conflict(",
            "Self::conflict(",
            "Error::forbidden(",
            "Error::new(",
            "Self::new(",
            "problem::respond(",
        ];
        let mut codes = vec![];
        for maker in makers {
            for after in text.split(maker).skip(1) {
                let argument = after.split(';').next().unwrap_or_default();
                let literal = argument.split('"').nth(1).unwrap_or_default();
                if !literal.is_empty() && literal.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
                    codes.push(literal.to_owned());
                }
            }
        }
        codes
    }

    #[test]
    fn every_code_that_the_sources_use_is_explained_once_and_in_order() {
        let mut files = vec![];
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
        let used: BTreeSet<String> = files.iter().flat_map(|text| codes_in(text)).collect();
        let known: BTreeSet<String> = CODES.iter().map(|(code, _)| (*code).to_owned()).collect();
        assert_eq!(used.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "not explained");
        assert_eq!(
            known.difference(&used).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "explained and not used"
        );
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
