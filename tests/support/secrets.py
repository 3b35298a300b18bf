"""Secrets as people tell and paste them, and what looks like one and is none.

None was ever valid. They are put together here, so that no scanner of repositories takes this file for a leak.
"""

_HEX = "0123456789abcdef"
_MIXED = "Zx7Qa2Lm9Kd4Rt8Wv1Yb6Nc3Pf5Hg0Js"


def _long(length: int) -> str:
    return (_MIXED * 8)[:length]


AWS_KEY = "AKIA" + "Q3EGR7WBKZ5XN2LM"
GITHUB = "ghp" + "_" + _long(36)
CARD = "4111 1111" + " 1111 1111"
PASSWORD = "Kuckuck" + "-77"
PEM = "\n".join(["-----BEGIN RSA PRIVATE" + " KEY-----", _long(64), _long(64), "-----END RSA PRIVATE" + " KEY-----"])

# What is told, the secret in it, and what it is masked as.
SECRETS = [
    (f"My key is {AWS_KEY}, keep it.", AWS_KEY, "AWS Access Key"),
    (f"aws_secret_access_key = {_long(40)}", _long(40), "token"),
    (f"Mein Token: {GITHUB}", GITHUB, "GitHub Token"),
    (f"Take {'github' + '_pat_' + _long(60)} for it", _long(60), "GitHub Token"),
    (f"export KEY={'sk-' + 'proj-' + _long(60)}", _long(60), "API Key"),
    (f"Claude's is {'sk-ant' + '-api03-' + _long(90)}.", _long(90), "Anthropic Key"),
    (f"Slack: {'xoxb' + '-123456789012-1234567890123-' + _long(24)}", _long(24), "Slack Token"),
    (f"On peut payer avec {'sk' + '_live_' + _long(24)}", _long(24), "Stripe Access Key"),
    (f"maps {'AI' + 'za' + _long(35)}", _long(35), "Google Key"),
    (f"use {'glpat' + '-' + _long(20)} to clone", _long(20), "GitLab Token"),
    (f"{'hf' + '_' + _long(34)} downloads it", _long(34), "Hugging Face Token"),
    (f"{'SG.' + _long(22) + '.' + _long(43)}", _long(43), "SendGrid API Key"),
    (f"el bot: {'123456789:' + _long(35)}", _long(35), "Telegram Bot Token"),
    (f"{'eyJ' + 'hbGciOiJIUzI1NiJ9'}.{'eyJ' + 'zdWIiOiIxIn0'}.{_long(43)}", _long(43), "JSON Web Token"),
    (f"Here it is:\n{PEM}\nThanks.", _long(64), "Private Key"),
    (f"postgres://ana:{PASSWORD}@db.example.com/prod", PASSWORD, "password"),
    (f"My card is {CARD}, until 12/27.", CARD, "card number"),
    ("Meine Karte: 5555-5555" + "-5555-4444", "5555-5555-5555-4444", "card number"),
    ("Amex 378282" + "246310005", "378282246310005", "card number"),
    ("My password is hunter2, remember it.", "hunter2", "password"),
    ("The password for the guest wifi is Blau-Wal-99.", "Blau-Wal-99", "password"),
    ("password: S3cure!Pass", "S3cure!Pass", "password"),
    ('the passphrase is "correct horse battery staple"', "correct horse battery staple", "password"),
    ('{"user": "ana", "password": "p4ssw0rd"}', "p4ssw0rd", "password"),
    ("DB_PASSWORD=xK9#mQ2v", "xK9#mQ2v", "password"),
    ("The PIN is 4921.", "4921", "PIN"),
    ("Mein Passwort ist Sommer2024!", "Sommer2024", "password"),
    ("Das WLAN-Passwort lautet Kuckuck77", "Kuckuck77", "password"),
    ("Mi contraseña es gatito123", "gatito123", "password"),
    ("La contraseña del wifi es Perro2023.", "Perro2023", "password"),
    ("Mon mot de passe est Azerty!89", "Azerty!89", "password"),
    ("мой пароль: Zима2024", "Zима2024", "password"),
    ("我的密码是abc12345。", "abc12345", "password"),
    ("パスワードはsakura99です", "sakura99", "password"),
    ("كلمة المرور هي Nour2024", "Nour2024", "password"),
    ("A senha é Bola1970", "Bola1970", "password"),
    (f"Authorization: Bearer {_long(40)}", _long(40), "token"),
    (f"my api key is {_long(24)}", _long(24), "token"),
]

HARMLESS = [
    *("What's my wifi password?", "My password is too short.", "The password is wrong, I think."),
    *("I forgot my password and had to reset it.", "My password is the same as yours.", "The secret is out."),
    *("The secret is that she never left Paris.", "My API key does not work.", "Token economics is what I like."),
    *(
        "The token: a sign of love.",
        "My pin is on the map.",
        "A password must have 8-12 characters.",
        "max_tokens: 4096",
    ),
    *("The password is sha256-hashed.", "The tests pass on io.js 1.1.x.", "The password was changed on 2024-05-12."),
    *("Mein Passwort ist zu kurz.", "Ich habe das Passwort vergessen.", "Passwort: siehe Zettel"),
    *("Wo ist der Schlüssel? Unter der Matte.", "Die Rechnung 2024-000123 über 1.234,56 EUR ist bezahlt."),
    *(
        "Mi contraseña es demasiado corta.",
        "¿Cuál es la contraseña del wifi?",
        "El pedido 123456789012 llega el martes.",
    ),
    *("Mon mot de passe est trop long.", "Мой пароль слишком короткий.", "我的密码是什么？", "كلمة المرور خاطئة"),
    *("Call me at +47 912 34 567 or 0049 30 901820.", "My number is 415-555-2671.", "IBAN DE89 3704 0044 0532 0130 00"),
    *("ISBN 978-3-16-148410-0", "ISBN 9783161484100", "Order 4929-1234-5678-9012.", "IMEI 490154203237518"),
    *("The commit 9fceb02d0ae598e95dc970b74767f19372d61af8 broke it.", f"sha256: {_HEX * 4}", f"md5 {_HEX * 2}"),
    *(
        "The id is 550e8400-e29b-41d4-a716-446655440000.",
        "Tracking 9400111899223397846239",
        "DOI 10.1038/s41586-020-2649",
    ),
    *("arn:aws:iam::123456789012:role/Admin", "git@github.com:ana/repo.git", "SK4167 leaves at 14:35 from gate B-204."),
    "https://docs.example.com/document/d/1aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcdEFG/edit",
    "postgresql://user:password@localhost/db",
    "API_KEY=${API_KEY}",
    'api_key = os.environ["OPENAI_KEY_2"]',
]
