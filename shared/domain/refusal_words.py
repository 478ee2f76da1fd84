"""Patterns for the sentences with which mail servers refuse mail.

Each gap in a pattern is bounded, because the text comes from outside. `shared/domain/refusals.py` sets their order.
"""

import re


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_OUR = r"(?:your|the sending|sending|sender'?s?|client|connecting|source|originating|remote)"
_HOST = r"(?:ip|host|server|network|domain|mta|mail server|address|subnet|netblock)"
_LISTED = r"(?:black|block|deny|grey ?black)[ -]?list(?:ed|ing|s)?"

# The relay speaks about our account there.
SIGN_IN = _words(
    r"\bauthentication (?:is )?(?:required|needed)\b",
    r"\b(?:must|need to|please|should) (?:first )?(?:authenticate|log ?in|sign ?in)\b",
    r"\bauthenticat\w+ (?:yourself )?(?:first|before)\b",
    r"\bsmtp auth(?:entication)? (?:is )?required\b",
    r"\b(?:not|isn't|was not) (?:logged in|authenticated to send)\b|\bclient was not authenticated\b",
    r"\bincorrect authentication\b|\bauthentication unsuccessful\b|\bclient ?authentication is disabled\b",
    r"\brequires authentication\b",
    r"\bauth(?:entication)? (?:credentials )?(?:failed|invalid|rejected)\b",
    r"\b(?:bad|invalid) (?:username|user name|credentials|login)\b",
)
# A mailing list or distribution group applies its own rules. Signing in to the relay would not help.
MEMBERS_ONLY = _words(
    r"\bresolver\.rst\.",
    r"\bonly (?:accepts?|allows?)\b",
    r"\b(?:members?|subscribers?)[ -]only\b",
)
RELAY_LIMIT = _words(
    r"\b(?:daily|hourly|monthly|weekly) (?:[\w-]+ ){0,4}(?:send\w*|relay\w*|outbound|outgoing|message|email|mail)"
    r" (?:[\w-]+ ){0,3}(?:quota|limit|allowance)",
    r"\b(?:sending|send|relay|outbound|outgoing|sent) (?:[\w-]+ ){0,3}(?:quota|limit|allowance|credits?)\b"
    r"[\w' ]{0,40}\b(?:exceed\w*|reached|used up|hit|over)\b",
    r"\b(?:exceed\w*|reached|hit) (?:[\w'-]+ ){0,6}(?:sending|outbound|outgoing|relay)\b",
    r"\bmax(?:imum)? (?:defers|e-?mails?|messages?)(?: and failures)? per (?:hour|day)\b",
    r"\b(?:maximum|message|email|mail|not enough|insufficient|out of|no) credits?\b",
    r"\bquota\b[^.]{0,60}\b(?:per (?:day|hour|month)|for (?:today|this (?:day|hour|month)))\b",
    r"\bthrottling failure: (?:daily|maximum)\b|\bmaximum sending rate\b",
    r"\b(?:trial|free) (?:account|plan|tier)s?\b[^.]{0,60}\b(?:limit|quota|exceeded|test)\b",
)
# Only we have a plan at the relay, even if the sentence names recipients.
ACCOUNT_LIMIT = _words(
    r"\b(?:package|plan|subscription|billing)(?:'s)? (?:[\w-]+ ){0,2}(?:quota|limit|credits?)\b",
    r"\b(?:unpaid|overdue) (?:invoice|bill)\b|\btenant\b[^.]{0,80}\b(?:limit|quota)\b|\bsubmission ?quota",
)
NOT_SENDING = _words(
    r"\breceiv\w*\b", r"\brecipient'?s?\b", r"\bmail ?box\b", r"\binbox\b", r"\bstorage\b", r"\bdisk\b"
)
RELAY_REFUSED = _words(
    r"\brelay(?:ing)? (?:access )?(?:is )?(?:denied|not (?:permitted|allowed)|prohibited|disabled|rejected|refused)\b",
    r"\b(?:unable|not (?:permitted|allowed|authorized|able)|cannot|can't|won't|do(?:es)? not|don't) (?:to )?relay\b",
    r"\b(?:insecure mail|no) relay(?:ing)?\b",
    r"\bin my list of allowed rcpthosts\b",
    r"\b(?:sender address rejected|mail from|from address|sender)\b[^.;]{0,40}\bnot (?:owned|verified"
    r"|authori[sz]ed to send)\b",
    r"\b(?:e-?mail address|identity|identities|domain|sender(?: signature)?)\b[^.;]{0,60}\b(?:is|are|has"
    r"|was)? ?not (?:been )?"
    r"(?:a )?(?:verified|validated|confirmed)\b",
    r"\b(?:match|not) (?:a )?verified (?:sender|from|identity)\b|\bunauthenticated senders\b|\bbad outbound sender\b",
    r"\bpermissions? to send as\b|\baccount (?:is )?pending\b|\bnot authori[sz]ed to send (?:mail |e-?mail "
    r"|messages )?from\b",
    r"\b(?:your|sending) (?:smtp |email |mail |sending )?(?:account|service|server|access"
    r"|privileges)"
    r"\b[^.;]{0,30}\b(?:has been|is|was|are) (?:temporarily |currently )?"
    r"(?:suspended|paused|deactivated|locked|on hold|under review|not (?:active|enabled|allowed to send))\b",
    r"\bsending (?:is |has been |was )?(?:paused|suspended|disabled|not enabled|blocked for (?:this|your) account)\b",
    r"\boutgoing (?:e-?mail|mail|messages?) (?:is |has been |are )?(?:suspended|disabled|blocked)\b",
    r"\bsend ?as ?denied\b|\bnot authorized to perform\b|\byour account is at risk\b",
    r"\bnot allowed to send (?:mail |messages? |e-?mail )?(?:as|on behalf|from this account)\b",
)
DNS = _words(
    r"\b(?:spf|dkim|dmarc|dnssec|fcrdns|rdns|sender ?id|sender policy framework|domain ?keys)\b",
    r"\breverse[ -]?(?:dns|lookup|mapping|name|hostname|ptr)\b",
    r"\bptr\b|\banti-?spoof\w*|\bdoes not designate\b|\bpermitted sender\b|\bcall(?:back|out)\b",
    r"\bsender has no\b|\bverif(?:ication failed for|ying) our address\b",
    r"\bunauthenticated (?:e-?mail|mail|messages?)\b",
    r"\b(?:not|isn't) (?:pass(?:ed|ing)?|authenticated)\b[^.;]{0,40}\bauthentication (?:checks?|information)\b",
    r"\bauthentication (?:checks?|information|requirements?|level)\b",
    r"\bsender (?:address )?verif(?:y|ication)\b",
    r"\b(?:sender|mail from|from|return[ -]?path|envelope)(?: address| domain|'s domain)?\b[^.;]{0,60}"
    r"\b(?:does not (?:exist|resolve)|doesn't (?:exist|resolve)|must (?:exist|resolve)|not (?:exist|found|resolv\w+)"
    r"|could not be (?:resolved|verified)|no (?:valid )?(?:mx|a record|dns)|domain not found|unresolvable"
    r"|unroutable)\b",
    r"\b(?:unroutable|unresolvable|invalid) sender\b",
    r"\bsender (?:address )?rejected: (?:domain|user|undeliverable|unverified|address)\b",
    r"\bdomain of sender\b",
    r"\b(?:cannot|can't|could not|couldn't|unable to|failed to|does not) (?:find|resolve|verify|look ?up)"
    r" (?:your|the (?:sender|sending|client)|client|sender)\b",
    r"\b(?:helo|ehlo)\b",
    r"\b(?:starttls|tls|encryption) (?:is )?(?:required|needed|mandatory)\b|\bmust issue a starttls\b",
)
# The server's own DNS look-up failed.
DNS_TROUBLE = _words(
    r"\bin progress\b",
    r"\bcould not complete\b",
    r"\btemp(?:orary|error|fail\w*)\b",
    r"\btry again\b",
    r"\bdns (?:lookup )?(?:timeout|timed out|failure)\b",
)
# The relay found no mail server for the recipient's domain.
NO_SERVER = _words(
    r"\bunable to get mx\b",
    r"\bname service error\b",
    r"\bmx info\b",
    r"\bno (?:mx|mail servers?) (?:records? )?(?:found )?for\b",
)
# The block list names a link in the letter, so the refusal is about the text.
LINK_LISTED = _words(
    rf"\b(?:urls?|uris?|links?)\b[^.;]{{0,60}}\b(?:{_LISTED}|listed|blocked)\b",
    rf"\b(?:{_LISTED}|listed|blocked|bad|malicious) (?:urls?|uris?|links?)\b",
    r"\b(?:uribl|surbl|dbl)\b|\bdomain\b[^;]{0,60}\bin (?:the )?(?:message )?body\b|\bsuspicious link\b",
)
REPUTATION = _words(
    rf"\b{_LISTED}\b",
    r"\b(?:dns|r|real[ -]?time )bls?\b",
    r"\b(?:spamhaus|spamcop|sorbs|uceprotect|senderscore|invaluement|barracudacentral|cloudmark|senderbase|manitu)\b",
    r"\breputation\b",
    r"\bblocked (?:using|by (?:rbl|dnsbl))\b|\bblocked - see\b|\bnot (?:allowed|permitted) to connect\b",
    r"\bblocked senders?\b|\benvelope blocked\b|\b(?:envelope )?sender (?:has been |is )?(?:denied|rejected)(?!:)"
    r"|\bour address\W{1,5}access denied\b|\bip look-?up\b|\bauthorized to send (?:e-?mail|mail) directly\b",
    rf"\b{_OUR} (?:[\w-]+ ){{0,2}}{_HOST}\b[^;]{{0,80}}"
    r"\b(?:block(?:ed|s)?|banned|bann?ing|listed|denied|refused|rejected|not (?:accepted|allowed|welcome|permitted)"
    r"|suspicious)\b",
    r"\b(?:block(?:ed|ing)?|banned|denied|refused|rejected|not accept\w*|refus\w+)\b[^;]{0,40}\b(?:mail|messages?"
    r"|connections?|traffic|e-?mail)?"
    rf" ?(?:from|for|by) (?:your|this|that|the sending|sending) (?:[\w-]+ ){{0,2}}{_HOST}\b",
    r"\bbanned sending ip\b",
    r"\b(?:ip|host)\b[^;.]{0,40}\[?\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\]?[^;]{0,60}\b(?:block|bann|list|refus|reject"
    r"|den)",
    r"\[\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\][^;]{0,120}\b(?:unsolicited|suspicious|blocked|spam source)\b",
    r"\b(?:open|rejecting open) (?:proxy|relay)\b",
    r"\bdynamic(?:ally assigned)? (?:ip|address|host)",
    r"\b(?:user|spam) complaints\b",
    r"\bnot (?:currently )?accepting (?:any )?(?:mail|messages|e-?mail) from (?:your|this)\b",
    r"\bno access from (?:mail )?server\b",
    r"\b(?:S3140|S3150|TSS0\d|PR\(\w+\)|BL\d{2})\b",
)
# A filter's verdict on the text. It may also list checks that the letter passed.
VERDICT = _words(
    r"\bspam (?:probability|score|message|content)\b|\bas spam\b|\bspam:",
    r"\btests?[:=]|\bbogofilter\b|\bspamassassin\b|\bfingerprint\b|\bcontent filter\w*\b",
)
UNSOLICITED = re.compile(r"\bunsolicited\b", re.IGNORECASE)
RATE = _words(
    r"\btoo many (?:[\w-]+ ){0,3}(?:messages?|e-?mails?|mails?|connections?|sessions?|recipients|requests|msgs"
    r"|deliveries|errors)\b",
    r"\b(?:rate[ -]?limit\w*|limit rate|throttl\w*)\b",
    r"\b(?:message|mail|e-?mail|connection|sending|unusual|high) rate\b|\brate (?:of|exceed\w*|too)\b|\bat a rate\b",
    r"\b(?:send\w*|deliver\w*|connect\w*|mail\w*) (?:mail |messages? |e-?mails? )?too (?:fast|quickly|much|many"
    r"|often|frequently)\b",
    r"\bslow(?:er|ing)?(?: down)?\b",
    r"\bunexpected volume\b|\bvolume of (?:mail|e-?mail|messages)\b|\bhigh volume\b",
    r"\b(?:messages?|e-?mails?|mails?|connections?) (?:limit|per (?:hour|day|minute|connection|session))\b",
    r"\bmax(?:imum)? (?:e-?mails?|messages?|mails?|connections?) per\b",
    r"\bflood(?:ing|ed)?\b",
)
# The mailbox receives too much at once, from all senders.
MAILBOX_RATE = _words(
    r"\breceiv\w*\b[^.;]{0,60}\b(?:rate|limit\w*|too (?:many|much|quickly|fast))\b",
    r"\brecipient\b[^.;]{0,60}\blimit\b",
)
FULL = _words(
    r"\b(?:mail ?box|inbox|mail ?folder|account|user|maildir|mdb|recipient)\b[^.;]{0,60}\b(?:full\b|over (?:(?:its"
    r"|the|their|allowed|disk|storage|mail) )*"
    r"(?:limit|quota|capacity)|exceed\w* (?:[\w-]+ ){0,4}(?:quota|storage|limit|size|space|capacity))",
    r"\bfull mail ?box\b|\b(?:mail ?box|inbox)\b[^.;]{0,20}\bsize limit\b|\bdisk full\b|\bno room\b",
    r"\bover(?: (?:its|the|their|allowed|disk|storage|mail|user))*[ -]quota\b|\boverquota\b",
    r"\b(?:disk|disc|storage|mail|mail ?box|user|folder|message)? ?quota (?:usage |limit )?(?:is |has been |was "
    r"|would be )?"
    r"(?:exceeded|reached|violation|full)\b",
    r"\bexceed\w* (?:[\w-]+ ){0,4}(?:quota|storage|mail ?box size|disk space)\b",
    r"\bquota ?exceeded\w*",
    r"\b(?:not enough|insufficient|no|out of) (?:[\w-]+ ){0,2}(?:storage|disk|space)\b(?! for the system)",
    r"\bbo[iî]te[^.;]{0,40}\bpleine\b|\bpostfach[^.;]{0,30}\bvoll\b|\bbuz[oó]n[^.;]{0,30}\blleno\b"
    r"|\bcasella[^.;]{0,20}\bpiena\b"
    r"|\bcaixa[^.;]{0,30}\bcheia\b|\bquota superata\b|\bcuota[^.;]{0,20}\bexcedida\b",
)
CROWDED = _words(
    r"\btoo many messages (?:in|on)\b|\b(?:mail ?box|user) has too many messages\b"
    r"|\bnumber of messages\b"
)
# The quota is for sending, so it is ours.
OUTBOUND = _words(r"\b(?:send|sending|sender'?s?|outbound|outgoing|submission|relay)\b")
SYSTEM_FULL = _words(
    r"\bsystem (?:storage|resources)\b", r"\binsufficient system\b", r"\bspool\b", r"\bon the server disk\b"
)
LARGE = _words(
    r"\b(?:message|mail|e-?mail|letter|attachment|body|size)\b[^.;]{0,60}\b(?:too (?:large|big|long)"
    r"|exceed\w* (?:[\w-]+ ){0,5}(?:size|limit|length|maximum))",
    r"\bexceed\w* (?:[\w-]+ ){0,5}(?:message|mail|e-?mail|attachment|maximum|fixed|allowed) (?:message |mail )?size\b",
    r"\bmaximum (?:message|mail|e-?mail) size\b|\bmessage size (?:limit|exceed)|\bsize limit\b",
)
CONTENT = _words(
    r"\bspam\w*\b",
    r"\bunsolicited\b|\bjunk (?:mail|e-?mail)\b|\bbulk (?:mail|e-?mail)\b",
    r"\bvirus\w*\b|\binfected\b|\bmalware\b|\bphish\w*\b|\btrojan\b|\bmalicious\b",
    r"\bcontents?\b[^.;]{0,60}\b(?:reject\w*|denied|refus\w*|block\w*|unacceptable|not (?:accepted|allowed"
    r"|permitted)|filter\w*|polic\w+|violat\w*|prohibited|banned)",
    r"\b(?:reject\w*|denied|refus\w*|block\w*|banned|unacceptable|prohibited"
    r"|objectionable)\b[^.;]{0,40}\b(?:contents?|attachments?|subject|keywords?|phrases?)\b",
    r"\b(?:content|message|mail) filter\w*\b|\bfiltered\b",
    r"\battachments?\b[^.;]{0,60}\b(?:not (?:allowed|accepted|permitted)|reject\w*|block\w*|banned|illegal"
    r"|prohibited)\b|\billegal attachment\b",
    r"\bdomain[^.;]{0,10}in (?:the )?(?:message )?body\b",
    r"\b(?:message|mail|e-?mail)\b[^.;]{0,60}\bpolic(?:y|ies)\b|\bpolic(?:y|ies)\b[^.;]{0,40}\b(?:message|mail"
    r"|e-?mail|violat\w*|reasons?|reject\w*)\b",
    r"\b(?:local|security|organi[sz]ation\w*|company|corporate) polic(?:y|ies)\b|\borgani[sz]ational settings\b",
    r"\bmessage looks\b|\brecurrent pattern\b|\bscored\b|\bproperties of (?:this|the) message\b",
)
_WHO = (
    r"(?:user|recipient|mail ?box|account|address|person|addressee|inbox|alias|destination|e-?mail address"
    r"|username|local part|user ?id)"
)
# The mailbox does not exist.
NOBODY = _words(
    rf"\b{_WHO}\b(?: (?:is|was|name|here))* (?:un ?known|not (?:found|known|recogni[sz]ed|exist\w*|listed|present)"
    rf"|non-?existent|does not exist|doesn't exist|not existing)\b",
    rf"\b(?:unknown|no such|non-?existent|nonexisting|no valid)(?: or \w+)? (?:\w+ )?(?:local )?{_WHO}s?\b",
    rf"\b{_WHO}\b[^.:;]{{0,60}} (?:does not|doesn't|do not|don't) exist\b",
    rf"\bno {_WHO} (?:here )?(?:by|with|for|of|at) (?:that|this)\b|\bno (?:one|such person) (?:at|by) (?:this|that)\b",
    r"\bunrouteable address\b|\bname is not recognized\b|\bnot (?:listed in|present in|in (?:the"
    r"|our)) (?:[\w-]+ ){0,2}directory\b",
    r"\bthis user doesn't have an? \S{1,80} account\b|\b(?:is )?not (?:a|an) (?:valid|known|existing|local|active"
    r"|registered) (?:mail ?box|user|recipient|address|account|customer)\b",
    r"\brecipient ?not ?found\b|\baddress lookup fail\w*\b|\bvalidrcptto\b|\bunknown[ -](?:user|recipient)\b"
    r"|\buserunknown\b",
    r"\b(?:utilisateur|destinataire|adresse) inconnue?\b|\b(?:benutzer|empf[aä]nger|adressat) (?:ist )?unbekannt\b"
    r"|\b(?:usuario|destinatario) (?:desconocido|inexistente)\b|\bno existe\b|\butente sconosciuto\b"
    r"|\busu[aá]rio (?:desconhecido|inexistente)\b"
    r"|\bnessun utente\b|\bnie istnieje\b|\bn'existe pas\b|\bexistiert nicht\b|\bn[aã]o existe\b",
)
# The server repeats what another server said about the address, or guesses.
DOUBTFUL = _words(
    r"\bundeliverable address\b",
    r"\b(?:account|domain|address|mail ?box)\b[^.;]{0,30}\bmay not exist\b",
)
# The mailbox may exist but be closed for now, or closed to us.
PERHAPS_NOBODY = _words(
    rf"\b{_WHO}\b[^.;]{{0,40}}\b(?:disabled|in-?active|deactivated|suspended|closed|terminated|frozen|locked"
    rf"|archived|expired|discontinued|no longer (?:\w+ ){{0,3}}(?:valid|active|in use|exists?|available|accept\w*"
    rf"|employed|with))",
    rf"\b(?:disabled|in-?active|deactivated|suspended|closed|invalid|bad|illegal|wrong|obsolete|undeliverable"
    rf"|unavailable) (?:\w+ ){{0,2}}{_WHO}\b",
    rf"\b{_WHO}\b(?: (?:is|address))* (?:invalid|not (?:valid|active|available|accepted|ok)|unavailable"
    rf"|undeliverable|rejected)\b",
    r"\brecipient address rejected: access denied\b",
    r"\b(?:has )?moved to\b|\bnew address is\b|\bno longer (?:with|at|works?|employed)\b|\bbadrcptto\b"
    r"|\bbadrecipientto\b",
    r"\bnot local\b|\bcan(?:not|'t) accept (?:user|mail for this)\b|\brecipients? (?:was|were) undeliverable\b",
    r"\bmailbox (?:is )?(?:un?available|unavaiable|name not allowed)\b",
    r"\b(?:host|domain)(?: name| or domain name)? (?:is )?(?:unknown|not found|does not exist|doesn't exist"
    r"|invalid)\b",
    r"\bunknown (?:mail )?(?:host|domain)\b|\bno such (?:host|domain)\b|\bbad destination (?:host|system|domain)\b"
    r"|\bnxdomain\b|\bunrouteable mail domain\b",
)
GAVE_UP = _words(
    r"\b(?:delivery|message|mail|retry|queue)\b[^.;]{0,40}\b(?:expired|time(?:d)?[ -]?out|too old|lifetime"
    r"|too long)\b",
    r"\bexpired\b|\btim(?:ed|e)[ -]?out\b|\bin the queue (?:for )?too long\b|\bretry time not reached\b"
    r"|\bnot been collected\b|\bfailed (?:after )?\d+ attempts\b|\bgiving up\b|\bgave up\b|\bqueue period\b",
    r"\b(?:connection|connect)\b[^.;]{0,30}\b(?:refused|failed|reset|lost|dropped|timed)\b|\bno route to host\b"
    r"|\b(?:not|un)reachable\b|\bunable to connect\b|\bnot respond\w*\b",
    r"\bno (?:valid )?(?:mx|hosts)\b|\b(?:mail )?loop(?:s|ing)?\b|\btoo many hops\b",
)
# The sentence is about the sender's address, which is ours.
SENDER = re.compile(r"\b(?:sender|from address|return[ -]?path|our address)\b", re.IGNORECASE)
# The server asks us to try again, even if the code is permanent.
TEMPORARY = _words(
    r"\bgr[ea]y-?list\w*",
    r"\b(?:try|retry)(?: \w+)? later\b",
    r"\btemporar\w*\b",
    r"\btry again\b",
    r"\bcannot be accessed\b",
    r"\bquarantin\w*\b",
)
