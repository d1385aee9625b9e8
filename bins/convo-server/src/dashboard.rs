//! The pages people look at: thin routes between the views and commands of `convo-app`, which are those of the JSON
//! API, and the HTML of `convo-dashboard`.
//!
//! | module | holds |
//! |---|---|
//! | [`session`] | who is logged in: a signed cookie that stands for a key, checked like the key itself |
//! | [`form`] | what a page posts: the session, its token, the fields |
//! | [`answer`] | pages, redirects and refusals as answers |
//! | `entry` | logging in and out |
//! | `overview`, `figures`, `conversations`, `conversation`, `acts`, `leads`, `handover`, `reviews`, `drafts`, `outbox`, `suppressions`, `receipts` | one page each |
//! | `exports` | lists and figures as files |
//! | `files` | style and script; mail as it was formatted, attachments |
//!
//! The cookie opens nothing under `/api`, and a bearer key opens no page.

mod acts;
pub mod answer;
mod conversation;
mod conversations;
mod drafts;
mod entry;
mod exports;
mod figures;
mod files;
pub mod form;
mod handover;
mod leads;
mod outbox;
mod overview;
mod receipts;
mod reviews;
pub mod session;
mod suppressions;

use actix_web::web;

/// Adds the pages.
pub fn configure(config: &mut web::ServiceConfig) -> &mut web::ServiceConfig {
    let page = |path: &str| web::resource(path.to_owned());
    config
        .service(page("/").route(web::get().to(overview::show)))
        .service(page("/setup").route(web::get().to(overview::setup)))
        .service(
            page("/login")
                .route(web::get().to(entry::ask))
                .route(web::post().to(entry::log_in)),
        )
        .service(page("/logout").route(web::post().to(entry::log_out)))
        .service(page("/live/ticket").route(web::post().to(entry::ticket)))
        .service(page("/assets/{name}").route(web::get().to(files::asset)))
        .service(page("/conversations").route(web::get().to(conversations::list)))
        .service(page("/conversations/export").route(web::get().to(exports::conversations)))
        .service(page("/conversations/{id}").route(web::get().to(conversation::show)))
        .service(page("/conversations/{id}/thread").route(web::get().to(conversation::thread)))
        .service(page("/conversations/{id}/{act}").route(web::post().to(acts::act)))
        .service(page("/figures").route(web::get().to(figures::show)))
        .service(page("/figures/export").route(web::get().to(exports::figures)))
        .service(page("/leads").route(web::get().to(leads::list)))
        .service(page("/leads/export").route(web::get().to(exports::leads)))
        .service(page("/leads/{id}").route(web::get().to(leads::one)))
        .service(page("/handover").route(web::get().to(handover::show)))
        .service(page("/review").route(web::get().to(reviews::list)))
        .service(page("/review/{id}").route(web::post().to(reviews::resolve)))
        .service(page("/drafts").route(web::get().to(drafts::list)))
        .service(page("/drafts/{id}/approve").route(web::post().to(drafts::approve)))
        .service(page("/drafts/{id}/discard").route(web::post().to(drafts::discard)))
        .service(page("/outbox").route(web::get().to(outbox::list)))
        .service(page("/outbox/retry").route(web::post().to(outbox::retry_all)))
        .service(page("/outbox/{id}/retry").route(web::post().to(outbox::retry)))
        .service(
            page("/suppressions")
                .route(web::get().to(suppressions::list))
                .route(web::post().to(suppressions::add)),
        )
        .service(page("/suppressions/lift").route(web::post().to(suppressions::lift)))
        .service(page("/receipts").route(web::get().to(receipts::list)))
        .service(page("/receipts/{id}/replay").route(web::post().to(receipts::replay)))
        .service(page("/messages/{id}/html").route(web::get().to(files::formatted)))
        .service(page("/messages/{id}/raw").route(web::get().to(files::raw)))
        .service(page("/messages/{id}/attachments/{n}").route(web::get().to(files::attachment)))
}
