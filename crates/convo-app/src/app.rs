//! The application as the shell holds it: one writer, many readers.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use convo_core::rules::Rules;
use convo_email::TrustedHosts;
use convo_store::{Reader, Store};
use convo_threading::automated::Class;

use crate::attachments::Attachments;
use tokio::sync::watch;
use uuid::Uuid;

use crate::command::{Actor, Answer, Command, Envelope, Payload, Webhook};
use crate::context::{Context, Shell};
use crate::erasures::Erasures;
use crate::error::AppError;
use crate::lexicons::{Lexicons, Words};
use crate::live::{Feed, Hub, Wake};
use crate::outbox::compose::{Composed, compose};
use crate::sending::Sending;
use crate::timers::PutOff;
use crate::wire::address_key;
use crate::writer::{self, Queue};

/// What the shell decides about the application.
pub struct Options {
    /// Time and randomness.
    pub shell: Box<dyn Shell>,
    /// Addresses that are ours.
    pub our_addresses: Vec<String>,
    /// Names (authserv-ids) of the hosts whose `Authentication-Results` are believed.
    pub trusted_auth_hosts: Vec<String>,
    /// The folder of attachments.
    pub storage: PathBuf,
    /// How mail leaves the house.
    pub sending: Sending,
}

/// The use cases over one database.
#[derive(Clone)]
pub struct App {
    store: Store,
    queue: Queue,
    context: Arc<Context>,
    hub: Hub,
    wake: Wake,
    committed: watch::Receiver<i64>,
    pub(crate) timers_put_off: Arc<Mutex<PutOff>>,
}

impl App {
    /// Starts the writer over a migrated database; the thread ends when every [`App`] is dropped.
    ///
    /// # Errors
    /// Those of the database, or of making a thread.
    pub fn start(store: Store, options: Options) -> Result<(Self, JoinHandle<()>), AppError> {
        let instance = store.read(|reader| reader.instance().map_err(AppError::from))?;
        let our_addresses: HashSet<String> = options
            .our_addresses
            .iter()
            .map(|one| address_key(one))
            .collect();
        let context = Arc::new(Context {
            shell: options.shell,
            lexicons: Lexicons::default(),
            rules: Rules::standard(),
            our_addresses,
            trusted_auth_hosts: TrustedHosts::new(options.trusted_auth_hosts),
            reply_key: instance.reply_key,
            hash_key: instance.hash_key,
            erasures: Erasures::within(&options.storage),
            attachments: Attachments::new(options.storage),
            sending: options.sending,
        });
        let writer = store.writer();
        let wake = Wake::default();
        let (told, committed) = watch::channel(0);
        let started = writer::start(writer, Arc::clone(&context), wake.clone(), told);
        let (queue, thread) = started.map_err(|error| AppError::Fault(error.to_string()))?;
        Ok((
            Self {
                store,
                queue,
                context,
                hub: Hub::new(wake.clone()),
                wake,
                committed,
                timers_put_off: Arc::default(),
            },
            thread,
        ))
    }

    /// Runs a command and waits until it is committed.
    ///
    /// # Errors
    /// What the command refuses with.
    pub async fn run(&self, envelope: Envelope) -> Result<Answer, AppError> {
        self.queue.run(envelope).await
    }

    /// Whether attachments can be kept at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn check_storage(&self) -> std::io::Result<()> {
        self.context.attachments.check()
    }

    /// Writes a mail's attachments to disk: before the commit that names them, so that an
    /// acknowledged mail has all its files.
    ///
    /// # Errors
    /// `Unavailable` when the folder cannot be written.
    pub fn keep_attachments(&self, payload: &Payload) -> Result<(), AppError> {
        let Payload::Mail(mail, _) = payload else {
            return Ok(());
        };
        self.keep_files(&mail.attachments)
    }

    /// Writes the files of a mail to be sent to disk, before the commit that names them.
    ///
    /// # Errors
    /// `Unavailable` when the folder cannot be written.
    pub fn keep_files(&self, files: &[convo_email::Attachment]) -> Result<(), AppError> {
        self.context.attachments.keep(files).map_err(|error| {
            log::error!("attachments cannot be kept: {}", error.kind());
            AppError::Unavailable
        })
    }

    /// The mail of a row of the outbox, as a provider is handed it; blocks the thread.
    ///
    /// # Errors
    /// The database's, or a fault when an attachment cannot be read.
    pub fn compose(&self, outgoing: Uuid) -> Result<Composed, AppError> {
        self.read(|reader| compose(reader, &self.context, outgoing))
    }

    /// Erases a person: a line of the ledger, the rows, then the files that nobody else's message names; those that came
    /// within the hour go with the next sweep.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable` when the ledger cannot be written, or the database's.
    pub fn erase(&self, lead: Uuid) -> Result<(), AppError> {
        let rows = self.read(|reader| Ok(reader.leads_by_ids(&[lead])?))?;
        if rows.iter().all(|row| row.erased_at.is_some()) {
            return Err(AppError::NotFound);
        }
        let noted = self.context.erasures.add(lead, self.context.shell.now());
        noted.map_err(|error| {
            log::error!("the ledger of erasures cannot be written: {}", error.kind());
            AppError::Unavailable
        })?;
        let digests = self.read(|reader| Ok(reader.attachment_digests_by_lead(lead)?))?;
        let receipts = self.read(|reader| unreadable_about(reader, lead))?;
        self.queue.run_blocking(Envelope::new(
            Command::EraseLead { lead, receipts },
            Actor::Code("admin"),
        ))?;
        self.remove_unused(&digests)?;
        self.store.compact()?;
        Ok(())
    }

    fn remove_unused(&self, digests: &[Vec<u8>]) -> Result<(), AppError> {
        let used = self.read(|reader| Ok(reader.attachment_digests_in_use(digests)?))?;
        for digest in digests.iter().filter(|digest| !used.contains(digest)) {
            self.context
                .attachments
                .remove(digest)
                .map_err(|error| AppError::Fault(error.kind().to_string()))?;
        }
        Ok(())
    }

    /// Removes files that no message names and that are old enough not to belong to a mail under way.
    ///
    /// # Errors
    /// The database's or the file system's.
    pub fn sweep_attachments(&self) -> Result<(), AppError> {
        let files = self
            .context
            .attachments
            .settled()
            .map_err(|error| AppError::Fault(error.kind().to_string()))?;
        for digests in files.chunks(500) {
            self.remove_unused(digests)?;
        }
        Ok(())
    }

    /// Takes a verified webhook whose attachments are kept already; one whose effect fails is kept
    /// for a later try.
    ///
    /// # Errors
    /// `Unavailable` when nothing could be stored, `WebhookRejected` for a reused token.
    pub async fn webhook(&self, mut webhook: Webhook) -> Result<Answer, AppError> {
        if let Payload::Mail(mail, _) = &webhook.payload
            && mail.class() == Class::Human
        {
            let lexicon = self.context.lexicons.last();
            let words = Words::read(lexicon, &mail.reply_text, &mail.subject);
            webhook.words = Some(Arc::new(words));
        }
        let webhook = Arc::new(webhook);
        let actor = Actor::Code(webhook.provider);
        match self
            .queue
            .run(Envelope::new(Command::Webhook(Arc::clone(&webhook)), actor))
            .await
        {
            // Another writer's row that stays in the way is no reason for the provider to repeat.
            Err(error @ (AppError::Fault(_) | AppError::Conflict { .. })) => {
                log::error!("a webhook's effect failed, kept for later: {error}");
                self.queue
                    .run(Envelope::new(
                        Command::ParkWebhook(webhook, "effect_failed"),
                        actor,
                    ))
                    .await
            }
            other => other,
        }
    }

    /// Tries a stored receipt again, by a [`Command::RetryReceipt`]; a try whose effect failed is
    /// counted on the receipt, which is then the answer.
    ///
    /// # Errors
    /// What came before the effect was tried: `Unavailable`, `NotFound`, `IdempotencyKeyReused`.
    pub async fn retry(&self, envelope: Envelope, receipt: Uuid) -> Result<Answer, AppError> {
        let failed = Envelope {
            command: Command::ReceiptFailed(receipt, "effect_failed"),
            actor: envelope.actor,
            idempotency: envelope.idempotency.clone(),
            at: envelope.at,
            silent: envelope.silent,
        };
        match self.queue.run(envelope).await {
            Err(
                error @ (AppError::Unavailable
                | AppError::NotFound
                | AppError::IdempotencyKeyReused),
            ) => Err(error),
            Err(error) => {
                log::warn!("a receipt's effect failed again: {error}");
                self.queue.run(failed).await
            }
            done => done,
        }
    }

    /// Asks the database, on a connection of the pool; blocks the thread.
    ///
    /// # Errors
    /// What the question answers with, or `Unavailable`.
    pub fn read<T>(
        &self,
        ask: impl FnOnce(&mut Reader<'_>) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        self.store.read(ask)
    }

    /// The writer's queue, for callers outside the runtime.
    #[must_use]
    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// What commands and questions rely on.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Who listens to the event log.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Says that the log may have grown, whoever wrote it.
    #[must_use]
    pub fn wake(&self) -> &Wake {
        &self.wake
    }

    /// The last number of the log that this process took; 0 before the first.
    #[must_use]
    pub fn committed(&self) -> watch::Receiver<i64> {
        self.committed.clone()
    }

    /// What brings the log to those who listen; a process runs one.
    #[must_use]
    pub fn feed(&self) -> Feed {
        Feed::new(
            Arc::new(self.store.clone()),
            self.hub.clone(),
            self.wake.clone(),
        )
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }
}

/// Receipts kept as they came that name one of the lead's addresses: nothing else finds them.
fn unreadable_about(reader: &mut Reader<'_>, lead: Uuid) -> Result<Vec<Uuid>, AppError> {
    let addresses = reader.lead_addresses_by_leads(&[lead])?;
    let mut words: Vec<String> = addresses.into_iter().map(|row| row.address_key).collect();
    words.extend(words.clone().iter().map(|key| key.replace('@', "%40")));
    let (mut found, mut after) = (Vec::new(), Uuid::nil());
    while let Some(row) = reader.unreadable_receipt_after(after)? {
        after = row.id;
        let body = row.body.unwrap_or_default();
        let text = String::from_utf8_lossy(&body).to_lowercase();
        if words.iter().any(|word| text.contains(word)) {
            found.push(row.id);
        }
    }
    Ok(found)
}
