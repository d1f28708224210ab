//! Two people do the same, one through a Meshery Server and one at `/api/v1`: what is there afterwards is the same.
use super::{
    filters::save,
    wire::{DIALECTS, Dialect, Server, exactly},
    world::{base64, saving, server},
};
use proptest::{
    prelude::{Just, Strategy, any, prop_oneof},
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};

const F: &str = "/api/content/filters";

#[derive(Clone, Debug)]
enum Act {
    /// A new filter with these bytes.
    Make(u8),
    /// Other bytes for one of those there are, or the same.
    Bytes(usize, u8),
    Rename(usize, u8),
    Share(usize, bool),
    Clone(usize),
    Publish(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let one = prop_oneof![
        any::<u8>().prop_map(Act::Make),
        (0..4usize, 0..3u8).prop_map(|(n, salt)| Act::Bytes(n, salt)),
        (0..4usize, any::<u8>()).prop_map(|(n, salt)| Act::Rename(n, salt)),
        (0..4usize, any::<bool>()).prop_map(|(n, public)| Act::Share(n, public)),
        (0..4usize).prop_map(Act::Clone),
        (0..4usize).prop_map(Act::Publish),
    ];
    (Just(Act::Make(0)), proptest::collection::vec(one, 12..20)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        rest
    })
}

/// Both people's filters, in the order in which they were made: the name here, the id there.
struct Doors {
    native: Person,
    meshery: Server,
    names: Vec<String>,
    ids: Vec<String>,
}

impl Doors {
    fn name(&self, n: usize) -> (String, String) {
        let n = n % self.names.len();
        (self.names[n].clone(), self.ids[n].clone())
    }

    /// The next version of a filter, as a person would count: none if the newest has these bytes.
    async fn next(&self, name: &str, bytes: &[u8]) -> Option<String> {
        let list = self.native.get(&format!("/api/v1/filters/nat/{name}/releases")).await.expect(200).json();
        let mut all: Vec<_> = list["items"].as_array().unwrap().iter().collect();
        all.sort_by_key(|r| {
            r["version"].as_str().unwrap().rsplit('.').next().unwrap().parse::<u32>().unwrap()
        });
        let newest = all.pop().unwrap();
        let same = newest["digest"] == format!("sha256:{}", tamis_e2e::fixtures::sha256(bytes));
        let patch: u32 = newest["version"].as_str().unwrap().rsplit('.').next().unwrap().parse().unwrap();
        (!same).then(|| format!("0.1.{}", patch + 1))
    }

    async fn post(&self, filter: Value) {
        let reply = self.meshery.call("POST", F, Some(&saving(Dialect::V07, filter))).await;
        exactly(&reply, 200).unwrap();
    }

    async fn make(&mut self, bytes: &[u8]) {
        let name = format!("f{}", self.names.len());
        self.native.upload(&format!("nat/{name}"), "0.1.0", bytes.to_vec()).await.expect(201);
        let saved = save(&self.meshery, &name, bytes).await;
        self.ids.push(saved["id"].as_str().unwrap().to_owned());
        self.names.push(name);
    }

    async fn act(&mut self, act: &Act) {
        match act {
            Act::Make(salt) => self.make(&distinct(&format!("make {salt}"), 10)).await,
            Act::Bytes(n, salt) => {
                let ((name, id), bytes) = (self.name(*n), distinct(&format!("bytes {salt}"), 10));
                if let Some(version) = self.next(&name, &bytes).await {
                    self.native.upload(&format!("nat/{name}"), &version, bytes.clone()).await.expect(201);
                }
                self.post(json!({"id": id, "filter_file": base64(&bytes)})).await;
            }
            Act::Rename(n, salt) => {
                let ((name, id), title) = (self.name(*n), format!("Title {salt}"));
                self.native
                    .put(&format!("/api/v1/filters/nat/{name}"), &json!({"title": title}))
                    .await
                    .expect(200);
                self.post(json!({"id": id, "name": title, "filter_file": null, "visibility": ""})).await;
            }
            Act::Share(n, public) => {
                let ((name, id), word) = (self.name(*n), if *public { "public" } else { "private" });
                let change = json!({"visibility": word});
                self.native.put(&format!("/api/v1/filters/nat/{name}"), &change).await.expect(200);
                let share = json!({"contentId": id, "contentType": "filter", "emails": [], "share": public});
                self.meshery
                    .call("POST", "/api/content/filter/share", Some(&share.to_string()))
                    .await
                    .expect(200);
            }
            Act::Clone(n) => {
                let ((name, id), copy) = (self.name(*n), format!("f{}", self.names.len()));
                let wish = json!({"namespace": "nat", "name": copy});
                self.native.post(&format!("/api/v1/filters/nat/{name}/clone"), &wish).await.expect(201);
                let title = json!({"title": copy});
                self.native.put(&format!("/api/v1/filters/nat/{copy}"), &title).await.expect(200);
                let body = json!({"name": copy}).to_string();
                let made = self.meshery.call("POST", &format!("{F}/clone/{id}"), Some(&body)).await;
                self.ids.push(exactly(&made, 200).unwrap()["id"].as_str().unwrap().to_owned());
                self.names.push(copy);
            }
            Act::Publish(n) => {
                let (name, id) = self.name(*n);
                let nothing = self.next(&name, b"other bytes").await.unwrap();
                let patch: u32 = nothing.rsplit('.').next().unwrap().parse().unwrap();
                let asked = self
                    .native
                    .submit(&format!("nat/{name}"), &format!("0.1.{}", patch - 1), "publish")
                    .await;
                let body = json!({"id": id}).to_string();
                let reply = self.meshery.call("POST", "/api/catalog/content/filter", Some(&body)).await;
                assert_eq!(
                    reply.status,
                    if asked.status == 201 { 200 } else { asked.status },
                    "{}",
                    reply.text()
                );
            }
        }
    }
}

/// What is there of one person, without what must differ.
async fn state_of(person: &Person, namespace: &str) -> Value {
    let mut all = vec![];
    let list =
        person.get(&format!("/api/v1/filters?namespace={namespace}&limit=100")).await.expect(200).json();
    for item in list["items"].as_array().unwrap() {
        let name = item["name"].as_str().unwrap();
        let path = format!("/api/v1/filters/{namespace}/{name}/releases?limit=100");
        let releases = person.get(&path).await.expect(200).json();
        let mut kept = vec![];
        for r in releases["items"].as_array().unwrap() {
            let one =
                format!("/api/v1/filters/{namespace}/{name}/releases/{}", r["version"].as_str().unwrap());
            let whole = person.get(&one).await.expect(200).json();
            let from = (&whole["lineage"]["filter"], &whole["lineage"]["version"]);
            kept.push(json!([
                whole["version"],
                whole["digest"],
                whole["state"],
                whole["verdict"],
                from.0,
                from.1
            ]));
        }
        all.push(
            json!({"name": name, "title": item["title"], "visibility": item["visibility"], "releases": kept}),
        );
    }
    let reviews = person.get("/api/v1/reviews?limit=100").await.expect(200).json();
    let of = |r: &Value| json!([r["filter"], r["version"], r["action"], r["state"]]);
    let mut reviews: Vec<_> = reviews["items"].as_array().unwrap().iter().map(of).collect();
    reviews.sort_by_key(Value::to_string);
    json!({"filters": all, "reviews": reviews})
}

#[tokio::test(flavor = "multi_thread")]
async fn both_doors_leave_the_same() {
    let rounds = if std::env::var_os("TAMIS_TEST_FULL").is_some() { 40 } else { 4 };
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    for _ in 0..rounds {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        let app = TestApp::spawn().await;
        let (native, mel) = (app.author("nat").await, app.author("mel").await);
        let meshery = server(&app, "mel", Dialect::V07).await;
        let mut doors = Doors { native, meshery, names: vec![], ids: vec![] };
        for act in &acts {
            doors.act(act).await;
        }
        app.drain_jobs().await;
        assert_eq!(state_of(&doors.native, "nat").await, state_of(&mel, "mel").await, "{acts:#?}");
        app.assert_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_built_in_module_comes_back_to_the_byte_in_every_dialect() {
    let app = TestApp::spawn().await;
    app.author("alice").await;
    for dialect in DIALECTS {
        let server = server(&app, "alice", dialect).await;
        for seeded in tamis_seed::filters().unwrap() {
            let saved = save(&server, &seeded.name, seeded.module).await;
            let path = format!("{F}/download/{}", saved["id"].as_str().unwrap());
            let file = server.call("GET", &path, None).await.expect(200);
            assert!(file.body == seeded.module, "{}", seeded.name);
        }
    }
    app.assert_sound().await;
}

/// A module that passes, with these bytes in a custom section.
fn carrying(payload: &[u8]) -> Vec<u8> {
    fn leb(mut n: usize) -> Vec<u8> {
        let mut out = vec![];
        loop {
            let byte = (n & 0x7f) as u8;
            n >>= 7;
            out.push(if n == 0 { byte } else { byte | 0x80 });
            if n == 0 {
                return out;
            }
        }
    }
    let mut module = tamis_e2e::fixtures::small();
    let body = [leb(4), b"rand".to_vec(), payload.to_vec()].concat();
    module.push(0);
    module.extend(leb(body.len()));
    module.extend(body);
    module
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_up_to_ten_mebibytes_come_back_as_they_went_in() {
    use proptest::{collection::vec, num::u8::ANY};
    const LARGEST: usize = 10 * 1024 * 1024;
    let app = TestApp::spawn_with(&["--max-module-bytes", "12000000"]).await;
    let alice = app.author("alice").await;
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let sizes = [0..64_usize, 64..4096, 4096..100_000, 100_000..2_000_000];
    let rounds = if std::env::var_os("TAMIS_TEST_FULL").is_some() { 20 } else { 2 };
    let mut modules = vec![];
    for _ in 0..rounds {
        for size in sizes.clone() {
            modules.push(carrying(&vec(ANY, size).new_tree(&mut runner).unwrap().current()));
        }
    }
    // The largest there may be, to the byte, of a block that repeats: random ones of this size take minutes to make.
    let room = LARGEST - carrying(&[]).len() - 6;
    let block = vec(ANY, 65_536).new_tree(&mut runner).unwrap().current();
    let largest = carrying(&block.iter().copied().cycle().take(room).collect::<Vec<_>>());
    assert!((LARGEST - 8..=LARGEST).contains(&largest.len()), "{}", largest.len());
    modules.push(largest);
    let server = server(&app, "alice", Dialect::V07).await;
    for (n, module) in modules.iter().enumerate() {
        let saved = save(&server, &format!("random {n}"), module).await;
        let file = server.call("GET", &format!("{F}/download/{}", saved["id"].as_str().unwrap()), None).await;
        assert!(file.body == *module, "{} bytes", module.len());
        let native = alice.get(&format!("/api/v1/filters/alice/random-{n}/releases/0.1.0/module")).await;
        assert!(native.expect(200).body == *module);
    }
    app.assert_sound().await;
}
