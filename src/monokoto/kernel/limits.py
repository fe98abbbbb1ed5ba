"""Every limit that is not a setting, in one place. `docs/limits.md` names each; a test says so."""

from __future__ import annotations

# Payloads and packets
PAYLOAD_BYTES_MAX = 256 * 1024  # one MQTT payload; a firmware image is not a reading
INGEST_BODY_BYTES_MAX = 8 * 1024 * 1024  # one HTTP request that carries readings
API_BODY_BYTES_MAX = 2 * 1024 * 1024
IMPORT_BODY_BYTES_MAX = 512 * 1024 * 1024  # streamed, never held whole
TOPIC_BYTES_MAX = 1024
MESSAGES_IN_PAYLOAD_MAX = 10_000  # timestamped objects in one array, rows in one columnar payload

# Sessions
CLIENT_ID_BYTES_MAX = 256
SUBSCRIPTIONS_PER_SESSION_MAX = 64
RECEIVE_MAXIMUM = 1024  # QoS 1 and 2 publishes a unit may have unacknowledged
TOPIC_ALIAS_MAX = 16
SESSION_EXPIRY_SECONDS_MAX = 7 * 24 * 3600
DOWNLINK_QUEUE_MAX = 100  # messages waiting for one unit that is away; the oldest goes first
KEEP_ALIVE_SECONDS_MAX = 3600
CONNECT_SECONDS_MAX = 10  # from TCP accept to a CONNECT packet

# Tenancy
API_KEYS_PER_ORGANISATION_MAX = 1000  # not counting revoked ones

# People
EMAIL_LENGTH_MAX = 254
PERSON_NAME_LENGTH_MAX = 200
PASSWORD_LENGTH_MIN = 10
PASSWORD_LENGTH_MAX = 256
SIGNED_IN_SECONDS_MAX = 30 * 24 * 3600  # a person's session, used or not
SIGNED_IN_IDLE_SECONDS_MAX = 7 * 24 * 3600  # and when nobody uses it
SESSIONS_PER_PERSON_MAX = 50  # live ones; the longest unused goes first
SIGN_INS_WAITING_MAX = 256  # passwords waiting to be checked
SIGN_INS_PER_ACCOUNT_MAX = 4  # of one account at once
SIGN_IN_FAILURES_FREE = 5  # of one account, before each further one makes the next try wait
SIGN_IN_FAILURES_PER_ADDRESS_FREE = 20
SIGN_IN_DELAY_SECONDS_MAX = 900
SIGN_IN_FAILURES_FORGOTTEN_SECONDS = 24 * 3600  # after the last one
PASSWORD_LINK_SECONDS = 3600
PASSWORD_LINKS_PER_HOUR_MAX = 3  # of one person; further ones are not sent
INVITATION_SECONDS = 7 * 24 * 3600
INVITATIONS_PER_ORGANISATION_MAX = 1000  # open ones
MEMBERS_PER_ORGANISATION_MAX = 10_000
FIRST_RUN_LINK_SECONDS = 24 * 3600
MAILS_WAITING_MAX = 10_000  # in the outbox
FIRST_RUN_LINKS_MAX = 8  # the oldest goes
PASSKEYS_PER_PERSON_MAX = 20
PASSKEY_NAME_LENGTH_MAX = 100
PASSKEY_CHALLENGE_SECONDS = 300
PROVIDER_SIGN_IN_SECONDS = 600  # from leaving for a provider to coming back
PROVIDER_ANSWER_BYTES_MAX = 256 * 1024  # one answer of an identity provider
PROVIDER_SECONDS_MAX = 10  # one request to it
PROVIDER_METADATA_SECONDS = 3600  # after which what it says of itself, and its keys, are asked anew
PROVIDER_KEYS_SECONDS_MIN = 10  # between two looks for a key we do not know
PROVIDER_ACCOUNTS_PER_PERSON_MAX = 20

# Gateway
LOG_WAITING_BYTES_MAX = 16 * 1024 * 1024  # received and not on disk yet; past it no socket is read
LOG_PATIENCE_SECONDS = 30  # what is not on disk by then is given up: its senders are closed and send again
SOCKET_WRITE_BYTES_MAX = 64 * 1024  # written and not taken by the peer; past it nothing more is written or read
SOCKET_BLOCKED_SECONDS_MAX = 60  # a peer that takes nothing for so long is gone
AUTHENTICATIONS_WAITING_MAX = 5_000  # connections whose credential is being looked up
DOWN_BYTES_MAX = 1024 * 1024 * 1024  # messages to units on the log
LINE_PROTOCOL_FAULTS_MAX = 100  # faulty lines named in one answer

# Applications over MQTT
APPLICATION_CONNECTIONS_MAX = 128  # of one API key, in one process
APPLICATION_SUBSCRIPTIONS_MAX = 2_000  # of one session
APPLICATION_WATCHES_MAX = 50_000  # units watched in one process, counted once for each session
APPLICATION_FLEET_WATCHES_MAX = 100  # sessions of one process that watch every unit of their organisation
APPLICATION_WAITING_MAX = 1_000  # messages for a slow application; a newer value takes the place of the older
APPLICATION_ASKING_MAX = 64  # publishes of one session that are being carried out
APPLICATION_NEWS_UNITS_MAX = 10_000  # changed units that wait to be told; past it the oldest is told no more

# Products
PRODUCTS_PER_ORGANISATION_MAX = 10_000
PROPERTIES_PER_PRODUCT_MAX = 1000  # and as many events, and as many actions
NAME_LENGTH_MAX = 64
FOLDER_BYTES_MAX = 1024 * 1024
FOLDER_FILES_MAX = 32
FOLDER_NODES_MAX = 200_000  # values in product.yaml once its aliases are written out
FOLDER_DEPTH_MAX = 64  # mappings and lists inside each other in product.yaml
NESTING_DEPTH_MAX = 12  # data schemas inside each other
ENUM_MEMBERS_MAX = 1000
PATTERN_LENGTH_MAX = 256
FAULTS_MAX = 200  # told at once; the rest are only counted
VERSIONS_PER_PRODUCT_MAX = 1000

# Fleet
SERIAL_LENGTH_MAX = 128
TAGS_PER_UNIT_MAX = 32
TAG_LENGTH_MAX = 64
TREE_DEPTH_MAX = 16
REGISTER_ROWS_MAX = 100_000
REGISTER_ROW_BYTES_MAX = 64 * 1024  # one row of an import
REGISTER_FAULTS_MAX = 10_000  # faulty rows told of one refused import; the rest are only counted
CREDENTIALS_PER_UNIT_MAX = 8  # live ones
TOKEN_LENGTH_MIN = 16  # of a token brought along; ours have 32 characters
TOKEN_LENGTH_MAX = 256
CERTIFICATE_BYTES_MAX = 16 * 1024
GRACE_SECONDS_MAX = 30 * 24 * 3600  # how long a rotated credential may go on beside its successor
UNIT_NAME_LENGTH_MAX = 128
PLACE_LENGTH_MAX = 200
SEARCH_LENGTH_MAX = 128

# Ownership
CLAIM_FAILURES_MAX = 10  # codes that open nothing, of one organisation within CLAIM_FAILURES_SECONDS
CLAIM_FAILURES_SECONDS = 600
TRANSFER_DAYS = 14  # how long an offer or a transfer code waits to be taken
ACCESSES_PER_UNIT_MAX = 100  # shares that last and rentals that last or are to come
PARTS_OWNED_MAX = 10_000  # parts that change hands together with the unit they are parts of

# Readings
TEXT_BYTES_MAX = 16 * 1024  # one string, object or array value
INTEGER_MAX = 2**53  # what a JSON number carries exactly (RFC 7493)
PAST_YEARS_MAX = 50  # a reading's time may lie this far back: history is imported too
FUTURE_SECONDS_MAX = 24 * 3600  # and this far ahead: clocks drift

# Twins
DESIRED_BYTES_MAX = 64 * 1024  # one unit's whole desired state: it travels in one message
DESIRED_CHANGES_WAITING_MAX = 10_000  # for the disk; past it they are refused
DESIRED_AT_HAND_MAX = 50_000  # units whose desired state is kept in memory
DESIRED_REVISIONS_MAX = 100  # kept of each unit's desired state, with who and when
LATEST_UNITS_MAX = 10_000
LATEST_PROPERTIES_MAX = 100
STREAM_CLIENTS_PER_ORGANISATION_MAX = 200
STREAM_PENDING_UNITS_MAX = 10_000  # changed units remembered one by one for a slow listener; past it a point in time
REQUESTS_WAITING_MAX = 10_000  # questions of units not answered yet; the oldest go first
REQUEST_AGE_SECONDS_MAX = 30  # an older question was asked before a restart: nobody waits for its answer

# Commands
COMMAND_BYTES_MAX = 64 * 1024  # one input or output
COMMAND_SECONDS_DEFAULT = 300  # a unit has to give its last word; the asker may say otherwise
COMMAND_SECONDS_MAX = SESSION_EXPIRY_SECONDS_MAX  # as long as a message waits for a unit that is away
COMMANDS_OPEN_PER_UNIT_MAX = 30  # each is up to three messages down, and DOWNLINK_QUEUE_MAX of those wait for a unit
COMMAND_REQUEST_LENGTH_MAX = 64
COMMAND_WAIT_SECONDS_MAX = 60  # one HTTP request for a command's end
COMMAND_DAYS = 90  # a command is kept so long after it ended
COMMAND_CONFIRM_SECONDS = 300  # somebody has to say yes to a command that needs it
COMMANDS_WAITING_MAX = 10_000  # asked and not on disk yet
COMMANDS_AT_ONCE_MAX = 1_000  # asked in one call
COMMAND_NOTE_LENGTH_MAX = 200  # what a unit says beside its progress
COMMAND_RETRY_SECONDS_MAX = 60  # between two times a command goes down that the unit has not said it received
FORBIDDINGS_PER_ACTION_MAX = 20  # states in which an action is forbidden by its product

# Groups, scenes, schedules
TITLE_LENGTH_MAX = 200
GROUPS_PER_ORGANISATION_MAX = 1_000
GROUP_MEMBERS_MAX = 10_000  # named one by one
GROUP_UNITS_MAX = 20_000  # with those its filter finds
SCENES_PER_ORGANISATION_MAX = 1_000
SCENE_STEPS_MAX = 32
SCENE_BYTES_MAX = 64 * 1024  # one scene as it was said
SCENE_ITEMS_MAX = 50_000  # units of one run, counted once for each step
SCENE_PACE_MAX = 1_000  # units a second
SCENE_RUNS_OPEN_PER_ORGANISATION_MAX = 100  # not finished yet
SCENE_RUN_DAYS = 90  # a run is kept so long after it ended
SCHEDULES_PER_ORGANISATION_MAX = 1_000
SCHEDULE_TIMES_MAX = 96  # times of day of one schedule
SCHEDULE_DATES_MAX = 400  # dates, and exceptions, of one schedule
SCHEDULE_PLACES_MAX = 200  # time zones and places the units of one schedule lie in
SCHEDULE_CATCH_UP_SECONDS_MAX = 24 * 3600
SCHEDULE_MISSED_MAX = 20  # missed times told one by one after the platform was away; the rest are counted
SCHEDULE_NEXT_MAX = 100  # coming times in one answer

# Alerts
ALERT_EVIDENCE_MAX = 50  # readings kept with one change
ALERT_EVIDENCE_TEXT_MAX = 200  # characters of one of them
ALERT_EVENTS_MAX = 1000  # lines of one alert's timeline; past it changes of severity still hold, and leave no line
ALERT_COMMENTS_MAX = 200  # of one alert
ALERT_COMMENT_LENGTH_MAX = 4000
ALERT_GROUP_SECONDS = 600  # alerts of one rule that began within the same such span are one group
ALERT_FLAPS_MAX = 5  # alerts of one rule on one unit that may begin within ALERT_FLAP_SECONDS
ALERT_FLAP_SECONDS = 600
ALERT_GROUPS_LOOKED_MAX = 10_000  # groups one page of groups is found among
ALERT_STREAMS_MAX = 500  # live lists watched at once, in one process
ALERT_STREAMS_PER_ORGANISATION_MAX = 100
SHELVE_SECONDS_MAX = 30 * 24 * 3600
SHELVES_PER_ORGANISATION_MAX = 10_000  # rules shelved on units, not over yet
MAINTENANCE_WINDOWS_MAX = 1000  # of one organisation, not over yet
MAINTENANCE_UNITS_MAX = 10_000  # named in one window
MAINTENANCE_REASON_LENGTH_MAX = 500
MAINTENANCE_SECONDS_MAX = 366 * 24 * 3600
MAINTENANCE_SOONER_SECONDS = 5  # how late a change of a window's units is known

# Rules
RULES_PER_PRODUCT_MAX = 200
RULES_PER_ORGANISATION_MAX = 1000  # added to units, whoever made them; deleted ones do not count
SIGNALS_PER_RULE_MAX = 32
RULE_TEXT_LENGTH_MAX = 2000  # a title, or what to do
RULE_SECONDS_MAX = 366 * 24 * 3600  # every duration in a rule
RULE_UNITS_MAX = 1_000  # named one by one in an added rule
RULE_BYTES_MAX = 64 * 1024  # an added rule as JSON
RULE_VERSIONS_MAX = 1_000  # of one added rule
RULE_WINDOW_PANES = 60  # a window is kept in so many parts; a tumbling or hopping one has at most as many
RULE_PERCENTILE_READINGS_MAX = 128  # of a window, evenly over its time
RULE_PAST_INTERVALS_MAX = 400  # kept of each unit for a comparison with its past
RULE_SEQUENCE_STEPS_MAX = 16
RULE_WAITING_READINGS_MAX = 200_000  # of one rule, waiting to be put in order; past it they are taken as they stand
RULE_PAST_READINGS_MAX = 2_000_000  # about so many are read at once for rules that begin; of one unit there may be more
RULE_PAST_GATHERED_MAX = 500_000  # readings that come meanwhile; past it they begin again, with fewer units
RULE_PAST_UNITS_MAX = 1_000  # begin with their past together
RULE_TEXTS_MAX = 65_536  # different texts of one property that rules look at; past it those no unit holds go
AREA_POINTS_MAX = 10_000  # corners of an area
TRIAL_READINGS_MAX = 20_000_000  # one trial on history reads
TRIAL_DAYS_MAX = 400
TRIAL_UNITS_MAX = 10_000
TRIAL_ALERTS_SHOWN_MAX = 5_000  # one by one; all are counted
TRIALS_AT_ONCE_MAX = 2  # in one process
TRIAL_SECONDS_MAX = 600

# Conditions
CONDITION_LENGTH_MAX = 2000  # characters of one
CONDITION_NODES_MAX = 400  # parts of its tree; the reference nests at most 32 of them
CONDITION_LITERALS_MAX = 200
CONDITION_COMPREHENSIONS_MAX = 4  # loops over lists; the reference gives up after 10,000 steps of one evaluation
CONDITION_TABLE_MAX = 65_536  # texts whose answer one part of a condition remembers

# Web of Things
EVENTS_PENDING_MAX = 1000  # events waiting for one slow listener; the oldest go first
EVENT_UNITS_REMEMBERED_MAX = 10_000  # units whose last events are in memory, for listeners that come back
EVENTS_REMEMBERED_PER_UNIT = 32
LONG_POLL_SECONDS_MAX = 60  # when the asker gives a time
LONG_POLLS_REMEMBERED_MAX = 10_000  # askers of whom we know what they saw last
STREAM_SECONDS_MAX = 3600  # one stream to an application; it comes back by itself
ACCESS_TOKEN_SECONDS_MAX = 15 * 60
THINGS_PAGE_MAX = 1000  # Thing Descriptions on one page
THINGS_SEARCHED_MAX = 2000  # Thing Descriptions one JSONPath looks at
JSONPATH_LENGTH_MAX = 512
JSONPATH_MATCHES_MAX = 10_000

# Dead letters
DEAD_LETTER_PAYLOAD_BYTES_MAX = 4096  # what is kept of the payload
DEAD_LETTERS_PER_UNIT_MINUTE_MAX = 60  # stored; past it they are only counted
DEAD_LETTER_DAYS = 30

# API
PAGE_SIZE_DEFAULT = 100
SORT_FIELDS_MAX = 4  # in the order of one list
PAGE_SIZE_MAX = 10_000
BUCKETS_MAX = 100_000
HISTORY_UNITS_MAX = 10_000
HISTORY_PROPERTIES_MAX = 100
HISTORY_GROUPS_MAX = 32  # named sets of units in one question
READINGS_PAGE_MAX = 100_000  # readings in one answer of the history
LATEST_ROWS_MAX = 1_000_000  # series one question for latest readings may answer
CHART_POINTS_MAX = 5_000  # points of a chart's series; wider than any screen
IMPORT_FAULTS_MAX = 100  # faulty rows an import tells of; all are counted
IMPORT_ROWS_MAX = 100_000_000
STREAM_CLIENTS_MAX = 1000

# Audit
AUDIT_DETAIL_BYTES_MAX = 16 * 1024  # details of one entry
AUDIT_WAITING_MAX = 10_000  # entries waiting to be written
AUDIT_REFUSED_PER_ACTOR_MINUTE_MAX = 60  # refused requests of one actor and action written one by one

# Jobs
JOB_ITEMS_MAX = 100_000  # things one job works on
JOBS_OPEN_PER_ORGANISATION_MAX = 100  # not finished yet
JOB_PREVIEW_ITEMS_MAX = 1_000  # things a preview looks at one by one
JOB_STREAMS_MAX = 200  # live progress watched at once

# Saved views
VIEW_NAME_LENGTH_MAX = 100
VIEW_QUERY_LENGTH_MAX = 4000
VIEWS_PER_PERSON_MAX = 500

# The fleet at a glance
MAP_CELLS_MAX = 96  # across a map; units in one cell are shown as one place
ARRIVALS_MINUTES = 60  # the pace of the last hour, minute by minute

# Webhooks
WEBHOOKS_PER_ORGANISATION_MAX = 50
WEBHOOK_WAITING_MAX = 100_000  # deliveries waiting for one receiver
WEBHOOK_DELIVERY_DAYS = 30  # settled deliveries, their attempts and events are kept
WEBHOOK_SNIPPET_BYTES_MAX = 1024  # kept of a receiver's answer
WEBHOOK_SECRET_GRACE_SECONDS_MAX = 7 * 24 * 3600  # how long a rotated secret still signs beside its successor
RATE_LIMITED_CALLERS_MAX = 100_000  # whose pace one process remembers
IDEMPOTENCY_SECONDS = 24 * 3600  # how long the answer of a request is kept for who sends it again
IDEMPOTENCY_KEY_LENGTH_MAX = 255
IDEMPOTENT_ANSWER_BYTES_MAX = 256 * 1024  # a larger one is not kept; that it was carried out is
IDEMPOTENT_REQUEST_SECONDS_MAX = 300  # after which a process that did not end it counts as dead

# Notifications
RECEIVERS_PER_ORGANISATION_MAX = 100
NOTIFICATION_ROUTES_PER_ORGANISATION_MAX = 100
NOTIFICATION_MATCHES_MAX = 100  # rules, products, units, tags or groups one route names
NOTIFICATION_STEPS_MAX = 10  # of one route's escalation
NOTIFICATION_RECEIVERS_PER_STEP_MAX = 20
NOTIFICATION_REPEATS_MAX = 20  # of one step, while nobody acknowledges
NOTIFICATION_STEP_SECONDS_MAX = 7 * 24 * 3600  # until a step, and between its repeats
NOTIFICATIONS_WAITING_MAX = 100_000  # for one receiver; further ones are dead at once
NOTIFICATIONS_IN_MESSAGE_MAX = 10_000  # made into one message
NOTIFICATIONS_NAMED_MAX = 10  # of a message; the others are counted in it
NOTIFICATION_VALUES_MAX = 5  # values named in one notification
NOTIFICATION_ATTEMPTS_MAX = 12  # of one message, over about three hours
NOTIFICATION_DAYS = 30  # settled notifications are kept
PUSH_SUBSCRIPTIONS_PER_PERSON_MAX = 10  # browsers, in one organisation; the oldest goes
PUSH_SUBSCRIPTIONS_TOLD_MAX = 1000  # browsers one message goes to
SEALING_KEYS_MAX = 32  # keys that open secrets in the records; one more with each rotation
PUSH_PAYLOAD_BYTES_MAX = 2048  # of one message to a browser

# Money and usage
DECIMAL_DIGITS_MAX = 38  # of one number, and powers of ten it may be shifted by
CURRENCY_DIGITS_MAX = 12  # after the point
PRICE_TIERS_MAX = 1000  # of one price
PRICE_GROUPS_MAX = 1000  # named in one matrix
BURN_DOWN_STEPS_MAX = 2_000_000  # grants, recurrences, resets and uses replayed at once

# The books, documents, payments
LEDGER_POSTINGS_MAX = 1_000  # of one entry
LEDGER_SMALLEST_MAX = 10**15  # of one posting, in the smallest unit of its currency
LEDGER_KEY_LENGTH_MAX = 200
INVOICE_LINES_MAX = 10_000
BILLING_TOUCHED_AT_ONCE = 1_000  # units whose usage came late, followed at once
BILLING_FAILURES_SHOWN_MAX = 1_000  # of one run
BILLING_FAILURES_KNOWN_MAX = 10_000  # reasons told in the log, each once
SIMULATION_PLANNED_MAX = 1_000  # actions wanted at simulated units, and times they are without a network
SIMULATION_SUBSCRIPTIONS_MAX = 20_000  # of a product, compared by one simulation
SIMULATION_CUSTOMERS_SHOWN_MAX = 1_000  # those with the largest difference
BILLING_PAPERS_AT_ONCE = 2  # documents set in type at the same time
INVOICE_EXPLANATION_BYTES_MAX = 16 * 1024  # of one line
CREDIT_NOTES_PER_INVOICE_MAX = 100
INVOICE_GRACE_SECONDS_MAX = 31 * 24 * 3600  # between the end of a period and the document
TAX_RULES_MAX = 1_000  # of one organisation
PAYMENT_FILE_PAYMENTS_MAX = 10_000  # in one file for a bank
PAYMENT_LOOK_MAX = 500  # pending payments asked about in one go
PAYMENT_PROVIDERS_KNOWN_MAX = 1_000  # connections to payment providers kept in memory, one for each seller
PAYMENT_SECRET_LENGTH_MAX = 300  # a key of a payment provider
PAYMENT_EVENT_BYTES_MAX = 1 << 20  # what a payment provider tells at once
REPORT_MONTHS_MAX = 60  # of one report
DEFERRED_MONTHS_MAX = 600  # over which a fee charged ahead becomes revenue; what is then left comes with the last
PRODUCT_SALES_MAX = 10_000  # products sold elsewhere, told in one request
PRODUCT_SALE_KEY_LENGTH_MAX = 200
PRODUCT_SALE_UNITS_MAX = 10**9  # of one product on one day
PAYMENT_ANSWER_BYTES_MAX = 32 << 20  # of a bank's report about a file
BANK_ENTRIES_MAX = 10_000  # in one statement of a bank
BANK_CHARGE_UNTOLD_MAX = (
    100  # units of a currency: what a return may be over its payment where the bank does not say why
)
DUNNING_STEPS_MAX = 10
DUNNING_PAUSE_DAYS_MAX = 366  # ahead
DUNNING_LANGUAGES_MAX = 30  # of one step's texts
DUNNING_SUBJECT_LENGTH_MAX = 200
DUNNING_TEXT_LENGTH_MAX = 5_000
GIFTS_OPEN_MAX = 20  # not yet taken, of one giver
GIFT_DAYS = 90  # after which nobody can take one
DUNNING_LOOK_MAX = 1_000  # overdue invoices looked at in one go

# Metering
METERS_PER_PRODUCT_MAX = 100
METER_GROUPS_MAX = 5  # fields one meter groups by
METER_STATES_MAX = 50  # states one duration counts
USAGE_PAST_DAYS = 35  # how old a usage event may be told; older ones are corrections
USAGE_FUTURE_SECONDS = 300  # how far ahead of our clock a usage event may be
USAGE_EVENTS_MAX = 10_000  # in one request
USAGE_BODY_BYTES_MAX = 16 * 1024 * 1024
USAGE_DATA_BYTES_MAX = 16 * 1024  # of one usage event
USAGE_NAME_LENGTH_MAX = 256  # source, and id, of a usage event
USAGE_GROUP_LENGTH_MAX = 128  # of one value usage is grouped by; cut there
USAGE_WAITING_MAX = 200_000  # usage events taken in and not stored yet; more are refused with 503
USAGE_SAMPLES_GATHERED_MAX = 400_000  # samples of the line waiting for their insert
USAGE_LATE_SECONDS = 5.0  # how long it may take until it is told whose usage of the line came late
USAGE_LATE_GATHERED_MAX = 400_000  # meters and units waiting to be told as late, before it is done at once
USAGE_CORRECTIONS_MAX = 1_000  # in one request
USAGE_BUCKETS_MAX = 1_000  # times one question may be cut into
USAGE_CHUNK_ROWS = 2_000_000  # samples one statement of a run over many units looks at, one unit's excepted
USAGE_SPANS_PER_UNIT_MAX = 1_000

# Entitlements
FEATURES_PER_PRODUCT_MAX = 200
ENTITLEMENT_THRESHOLDS_MAX = 20  # of one feature
ENTITLEMENT_OFFLINE_SECONDS = 14 * 24 * 3600  # a unit that is away keeps a feature, unless the feature says otherwise
ENTITLEMENT_OFFLINE_SECONDS_MAX = 400 * 24 * 3600
ENTITLEMENT_GRANTS_PER_UNIT_MAX = 1000  # standing ones of one unit, or of one customer
ENTITLEMENT_UNITS_AT_HAND_MAX = 500_000  # whose grants are kept in memory; the oldest asked go first
ENTITLEMENT_TOKEN_BYTES_MAX = 32 * 1024
ENTITLEMENT_TOKEN_TIMES_MAX = 16  # to come, of one feature; what is later still comes with a later token
ENTITLEMENT_KEY_DAYS = 90  # a signing key signs; it is shown a week before and as long as what it signed may hold

# Plans, customers, subscriptions
PLANS_PER_PRODUCT_MAX = 100
PLAN_VERSIONS_MAX = 1000  # of one plan
PLAN_BYTES_MAX = 64 * 1024  # one plan as JSON
PLAN_CHARGES_MAX = 50
PLAN_FEATURES_MAX = 100  # included in one plan
PLAN_PROMISES_MAX = 10
PLAN_PARTNERS_MAX = 20  # who share a charge
PLAN_SECONDS_MAX = 366 * 24 * 3600  # a trial, a notice, the life of what is included
PREVIEW_TRANSACTIONS_MAX = 1000  # told one by one of one meter
CUSTOMERS_PER_ORGANISATION_MAX = 1_000_000
PARTNERSHIPS_PER_ORGANISATION_MAX = 1_000
SUBSCRIPTIONS_PER_CUSTOMER_MAX = 10_000  # ended ones count
SUBSCRIPTION_UNITS_MAX = 10_000  # named one by one
SUBSCRIPTION_PHASES_MAX = 1000
SUBSCRIPTION_COUPONS_MAX = 20
SUBSCRIPTION_EVENTS_MAX = 10_000  # of one subscription
SUBSCRIPTION_BACKDATED_SECONDS_MAX = 366 * 24 * 3600  # how long ago a subscription may have begun when it is entered
SUBSCRIPTION_AHEAD_SECONDS_MAX = 5 * 366 * 24 * 3600  # how far ahead it is planned
SUBSCRIPTIONS_MOVED_MAX = 100_000  # moved to another version by one request
