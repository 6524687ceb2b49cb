import redis, pytest, pymongo, sqlalchemy
@pytest.mark.parametrize("n", range(4))
def test_a(n, redis_url, mongodb_url, mongodb_database, any_config_db_url, config_db_url):
    r=redis.Redis.from_url(redis_url); assert not r.keys(); r.set("a",1)
    c=pymongo.MongoClient(mongodb_url); c[mongodb_database].x.insert_one({"a":1})
    e=sqlalchemy.create_engine(any_config_db_url)
    with e.begin() as k: k.execute(sqlalchemy.text("create table x(a int)"))
def test_p(private_redis, private_mongo, private_mariadb, mongo_replica_set):
    print(private_redis.url, mongo_replica_set.url)
def test_l(launch):
    s=launch.program(["sleep","100"]); assert s.terminate()==-15
