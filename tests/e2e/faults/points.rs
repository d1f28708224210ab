//! Each fail point, once as a failing call and once as the death of the process: nothing
//! acknowledged is lost, nothing is half there, the same call made again succeeds, and the
//! collector leaves nothing behind.
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, os::unix::process::ExitStatusExt, time::Duration};
use tamis::failpoint;
use tamis_e2e::{
    client::Person,
    crash::{Instance, Server, eventually},
    fixtures::{distinct, sha256},
};
use tamis_entities::value::Role;

const SIGABRT: i32 = 6;
const FILTER: &str = "alice/f";
const RELEASE: &str = "/api/v1/filters/alice/f/releases/1.0.0";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Upload,
    Clone,
    Publish,
    DeleteRelease,
    DeleteFilter,
    Transfer,
    Collect,
}

/// What is at each point, and whether the change is there after it.
const POINTS: &[(&str, Doing, bool)] = &[
    ("upload.after-spool", Doing::Upload, false),
    ("upload.after-lease", Doing::Upload, false),
    ("upload.after-store", Doing::Upload, false),
    ("upload.before-commit", Doing::Upload, false),
    ("upload.after-commit", Doing::Upload, true),
    ("clone.before-commit", Doing::Clone, false),
    ("clone.after-commit", Doing::Clone, true),
    ("publish.before-commit", Doing::Publish, false),
    ("publish.after-commit", Doing::Publish, true),
    ("delete.before-commit", Doing::DeleteRelease, false),
    ("delete.after-commit", Doing::DeleteRelease, true),
    ("delete.before-commit", Doing::DeleteFilter, false),
    ("delete.after-commit", Doing::DeleteFilter, true),
    ("transfer.before-commit", Doing::Transfer, false),
    ("gc.after-condemn", Doing::Collect, false),
    ("gc.after-object", Doing::Collect, false),
    ("gc.after-row", Doing::Collect, false),
];

/// Points in the store, which depend on its kind.
const IN_DIRECTORY: &[(&str, Doing, bool)] = &[
    ("blob.after-temp-write", Doing::Upload, false),
    ("blob.before-link", Doing::Upload, false),
    ("blob.after-link", Doing::Upload, false),
    ("blob.before-delete", Doing::Collect, false),
    ("blob.after-delete", Doing::Collect, false),
];
const IN_BUCKET: &[(&str, Doing, bool)] = &[
    ("blob.before-put", Doing::Upload, false),
    ("blob.before-complete", Doing::Upload, false),
    ("blob.after-put", Doing::Upload, false),
    ("blob.before-delete", Doing::Collect, false),
    ("blob.after-delete", Doing::Collect, false),
];

#[test]
fn every_fail_point_is_tried() {
    let tried: BTreeSet<_> = POINTS.iter().map(|(point, ..)| *point).collect();
    assert_eq!(tried, failpoint::NAMES.iter().copied().collect());
    let tried: BTreeSet<_> = IN_DIRECTORY.iter().chain(IN_BUCKET).map(|(point, ..)| *point).collect();
    assert_eq!(tried, tamis_blobs::FAIL_POINTS.iter().copied().collect());
}

struct Case {
    instance: Instance,
    alice: Person,
    carl: Person,
    module: Vec<u8>,
    point: &'static str,
    doing: Doing,
}

impl Case {
    async fn new(point: &'static str, doing: Doing) -> Self {
        let instance = Instance::new().await;
        let alice = instance.user("alice", Role::User).await;
        let carl = instance.user("carl", Role::Curator).await;
        // Big enough for the parts of a multipart transfer where the point is in one.
        let size = if point == "blob.before-complete" { 17 * 1024 * 1024 } else { 50_000 };
        Self { instance, alice, carl, module: distinct(point, size), point, doing }
    }

    async fn upload(&self) -> reqwest::Result<u16> {
        let request = self.alice.request(Method::PUT, RELEASE).body(self.module.clone());
        Ok(request.send().await?.status().as_u16())
    }

    async fn approved_review(&self) -> Value {
        let review = self.alice.submit(FILTER, "1.0.0", "publish").await.expect(201).json();
        self.carl.vote(&review, "approve").await.expect(200);
        let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
        let approved = eventually(Duration::from_secs(20), async || {
            self.carl.get(&path).await.json()["state"] == "approved"
        });
        assert!(approved.await, "the review is not approved");
        review
    }

    /// Brings the instance to where the operation starts; the points of other operations are off.
    async fn prepare(&self) -> Value {
        if self.doing == Doing::Upload {
            return Value::Null;
        }
        assert_eq!(self.upload().await.unwrap(), 201);
        match self.doing {
            Doing::Publish => self.approved_review().await,
            Doing::Transfer => {
                let offer = json!({"to": "carl"});
                self.alice.post("/api/v1/filters/alice/f/transfer", &offer).await.expect(201).json()
            }
            Doing::Collect => {
                self.alice.delete(RELEASE).await.expect(204);
                Value::Null
            }
            _ => Value::Null,
        }
    }

    /// The operation, by whom and how it is done in earnest; its status.
    async fn operate(&self, review: &Value) -> reqwest::Result<u16> {
        let request = match self.doing {
            Doing::Upload => return self.upload().await,
            Doing::Clone => self
                .alice
                .request(Method::POST, "/api/v1/filters/alice/f/clone")
                .json(&json!({"namespace": "alice", "name": "copy"})),
            Doing::Publish => {
                let path = format!("/api/v1/reviews/{}/release", review["id"].as_str().unwrap());
                self.alice.request(Method::POST, &path)
            }
            Doing::DeleteRelease => self.alice.request(Method::DELETE, RELEASE),
            Doing::DeleteFilter => self.alice.request(Method::DELETE, "/api/v1/filters/alice/f"),
            Doing::Transfer => {
                let path = format!("/api/v1/me/transfers/{}/accept", review["id"].as_str().unwrap());
                self.carl.request(Method::POST, &path).json(&json!({}))
            }
            Doing::Collect => unreachable!("by command"),
        };
        Ok(request.send().await?.status().as_u16())
    }

    /// Whether the change is there: wholly or not at all.
    async fn is_done(&self) -> bool {
        let release = self.alice.get(RELEASE).await;
        match self.doing {
            Doing::Upload | Doing::DeleteRelease | Doing::DeleteFilter => {
                let there = release.status == 200;
                if there {
                    let module = self.alice.get(&format!("{RELEASE}/module")).await.expect(200);
                    assert_eq!(sha256(&module.body), sha256(&self.module));
                } else {
                    release.expect(404);
                    let listed = self.alice.get("/api/v1/filters?namespace=alice").await.expect(200).json();
                    let filters = if self.doing == Doing::DeleteRelease { 1 } else { 0 };
                    assert_eq!(listed["items"].as_array().unwrap().len(), filters, "{listed}");
                }
                there == (self.doing == Doing::Upload)
            }
            Doing::Clone => {
                let copy = self.alice.get("/api/v1/filters/alice/copy/releases/1.0.0").await;
                let filter = self.alice.get("/api/v1/filters/alice/copy").await;
                assert_eq!(copy.status, filter.status);
                copy.status == 200
            }
            Doing::Publish => {
                let shown = self.carl.get("/api/v1/catalog/alice/f").await.status == 200;
                assert_eq!(release.expect(200).json()["state"] == "published", shown);
                shown
            }
            Doing::Transfer => {
                // It is private: who gave it away sees it no more, by no path.
                let filter = self.alice.get("/api/v1/filters/alice/f").await;
                let moved = filter.status == 404;
                assert_eq!(release.status, filter.status);
                self.carl.get("/api/v1/filters/carl/f").await.expect(if moved { 200 } else { 404 });
                moved
            }
            Doing::Collect => unreachable!("by command"),
        }
    }

    /// Once more in earnest, and the wanted end.
    async fn again(&self, review: &Value, done: bool) {
        let status = self.operate(review).await.unwrap();
        let wanted = match (self.doing, done) {
            (Doing::Upload | Doing::Clone, false) => 201,
            (Doing::Upload, true) | (Doing::Publish | Doing::Transfer, false) => 200,
            // The name is taken by the clone itself; an approval is used once.
            (Doing::Clone | Doing::Publish, true) => 409,
            (_, false) => 204,
            (_, true) => 404,
        };
        assert_eq!(status, wanted, "{} again", self.point);
        assert!(self.is_done().await, "{}", self.point);
    }
}

async fn hit(case: &Case, action: &str, review: &Value, server: &mut Server) {
    let answer = case.operate(review).await;
    if action == "return" {
        let status = answer.unwrap();
        assert!(status == 500 || status == 503, "{} answered {status}", case.point);
        let said = format!("fail point {}", case.point);
        assert!(server.log().contains(&said), "{} was not reached: {}", case.point, server.log());
    } else {
        assert!(answer.is_err(), "{} answered {answer:?}", case.point);
        let ended = server.ended(Duration::from_secs(20)).await.expect("the process dies");
        assert_eq!(ended.signal(), Some(SIGABRT), "{} was not reached: {}", case.point, server.log());
    }
}

async fn request(point: &'static str, doing: Doing, done: bool, action: &str) {
    let case = Case::new(point, doing).await;
    let points = format!("{point}={action}");
    let mut server = case.instance.start(&[("FAILPOINTS", &points)]).await;
    let review = case.prepare().await;
    hit(&case, action, &review, &mut server).await;
    if action == "return" {
        assert_eq!(case.is_done().await, done, "{point}, before a restart");
    }
    drop(server);
    let _server = case.instance.start(&[]).await;
    assert_eq!(case.is_done().await, done, "{point}, after a restart");
    let (found, clean) = case.instance.fsck().await;
    assert!(clean, "{point}: {found}");
    case.again(&review, done).await;
    case.instance.assert_sound().await;
}

/// The collector runs as a command beside the server.
async fn collection(point: &'static str, action: &str) {
    let case = Case::new(point, Doing::Collect).await;
    let _server = case.instance.start(&[]).await;
    case.prepare().await;
    let mut command = case.instance.command(&["gc", "--grace", "0s"]);
    command.env("FAILPOINTS", format!("{point}={action}"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    if action == "return" {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("fail point {point}")), "{point} was not reached: {said}");
    } else {
        assert_eq!(output.status.signal(), Some(SIGABRT), "{point} was not reached");
    }
    let (found, clean) = case.instance.fsck().await;
    assert!(clean, "{point}: {found}");
    // The same digest comes back while its old object is half-way out.
    assert_eq!(case.upload().await.unwrap(), 201);
    case.instance.ok(&["gc", "--grace", "0s"]).await;
    let module = case.alice.get(&format!("{RELEASE}/module")).await.expect(200);
    assert_eq!(sha256(&module.body), sha256(&case.module));
    case.alice.delete(RELEASE).await.expect(204);
    case.instance.ok(&["gc", "--grace", "0s"]).await;
    let (found, clean) = case.instance.fsck().await;
    assert!(clean && found["modules"] == 0 && found["orphans"] == json!([]), "{point}: {found}");
}

async fn every(points: &[(&'static str, Doing, bool)], only: &[Doing], action: &str) {
    for (point, doing, done) in points.iter().filter(|(_, doing, _)| only.contains(doing)) {
        match doing {
            Doing::Collect => collection(point, action).await,
            _ => request(point, *doing, *done, action).await,
        }
    }
}

const UPLOADS: &[Doing] = &[Doing::Upload];
const CHANGES: &[Doing] =
    &[Doing::Clone, Doing::Publish, Doing::DeleteRelease, Doing::DeleteFilter, Doing::Transfer];
const COLLECTIONS: &[Doing] = &[Doing::Collect];

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_fails_at_any_point_leaves_all_or_nothing() {
    every(POINTS, UPLOADS, "return").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_process_dies_at_any_point_leaves_all_or_nothing() {
    every(POINTS, UPLOADS, "return(abort)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_cloning_and_deleting_fail_at_any_point_as_a_whole() {
    every(POINTS, CHANGES, "return").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_cloning_and_deleting_are_whole_or_nothing_after_a_death_at_any_point() {
    every(POINTS, CHANGES, "return(abort)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_stops_at_any_point_is_finished_by_the_next() {
    every(POINTS, COLLECTIONS, "return").await;
    every(POINTS, COLLECTIONS, "return(abort)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_may_fail_or_take_the_process_along_at_any_point() {
    let local = Instance::new().await.is_local();
    let points = if local { IN_DIRECTORY } else { IN_BUCKET };
    for action in ["return", "return(abort)"] {
        every(points, UPLOADS, action).await;
        every(points, COLLECTIONS, action).await;
    }
}
