//! Requests of the demo.

use serde_json::json;

use crate::support::serve;

#[tokio::test]
async fn request_is_fired_by_the_owner_of_the_demo() {
    let mut served = serve(trace_model::Store::new(1 << 20)).await;
    let mut fires = served.fires.take().unwrap();
    tokio::spawn(async move {
        loop {
            let fire = fires.next().await;
            let answer = if fire.valid {
                Ok("0af7651916cd43dd8448eb211c80319c".parse().unwrap())
            } else {
                Err("the API is not ready".to_owned())
            };
            fire.answer(answer);
        }
    });
    let id = json!({ "trace_id": "0af7651916cd43dd8448eb211c80319c" });
    assert_eq!(served.post("/spanfall/v1/fire/reset", true).await, (200, id));
    assert_eq!(
        served.post("/spanfall/v1/fire/invalid", true).await,
        (409, json!({ "error": "the API is not ready" }))
    );
    assert_eq!(served.post("/spanfall/v1/fire/odd", true).await.0, 400);
    // A form cannot send the header.
    assert_eq!(
        served.post("/spanfall/v1/fire/reset", false).await,
        (403, json!({ "error": "the header spanfall-request is missing" }))
    );
}

#[tokio::test]
async fn fire_without_a_demo_is_rejected() {
    let mut served = serve(trace_model::Store::new(1 << 20)).await;
    drop(served.fires.take());
    let (status, body) = served.post("/spanfall/v1/fire/reset", true).await;
    assert_eq!(
        (status, &body["error"]),
        (409, &json!("no demo is running (start spanfall demo)"))
    );
}
