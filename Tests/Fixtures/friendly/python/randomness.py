import os
import random
import secrets
import uuid

print(len({uuid.uuid4() for _ in range(1000)}), uuid.uuid4().version, uuid.uuid5(uuid.NAMESPACE_DNS, "example.org"))
print(random.Random(1).random(), 1 <= random.randint(1, 6) <= 6)
random.seed(42)
print([random.randrange(100) for _ in range(3)], random.sample(range(10), 3))
print(len(secrets.token_hex(16)), secrets.token_bytes(8) != secrets.token_bytes(8), len(os.urandom(32)))
print(len({hash(str(n)) for n in range(1000)}))
