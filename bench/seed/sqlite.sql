-- The data set on SQLite: that of postgres.sql with 100,000 products.

PRAGMA journal_mode=WAL;
PRAGMA synchronous=OFF;
PRAGMA foreign_keys=OFF;
BEGIN;
CREATE TEMP TABLE s(i INTEGER PRIMARY KEY);
INSERT INTO s WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r WHERE i<100000) SELECT i FROM r;
INSERT INTO auth_user(id,password,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined)
 SELECT i,'!',0,'user'||i,'First'||i,'Last'||i,'user'||i||'@example.com',0,1,'2024-01-01 00:00:00' FROM s WHERE i<=1000;
INSERT INTO auth_group(id,name) VALUES(1,'editors');
INSERT INTO auth_group_permissions(group_id,permission_id) SELECT 1,p.id FROM auth_permission p JOIN django_content_type c ON c.id=p.content_type_id WHERE c.app_label IN ('catalog','orders');
INSERT INTO auth_user_groups(user_id,group_id) SELECT i,1 FROM s WHERE i<=1000;
INSERT INTO catalog_category(id,name,slug,parent_id) SELECT i,'Category '||i,'category-'||i,CASE WHEN i<=10 THEN NULL ELSE (i-1)%10+1 END FROM s WHERE i<=100;
INSERT INTO catalog_tag(id,name) SELECT i,'tag '||i FROM s WHERE i<=50;
INSERT INTO catalog_product(id,sku,name,slug,description,price,stock,status,attributes,weight,available_from,image,created_at,updated_at,category_id,created_by_id)
 SELECT i,printf('SKU-%07d',i),'Product number '||i,'product-'||i,
 'The quick brown fox number '||i||' jumps over the lazy dog & describes the "product" in about two hundred characters so that the list answer has a realistic size for a shop catalogue of goods, tools and toys.',
 ((i*7919)%100000)/100.0+1,1000000000,CASE (i/100)%10 WHEN 0 THEN 'draft' WHEN 1 THEN 'archived' ELSE 'active' END,
 '{"color": "red", "size": "M", "rank": '||(i%100)||'}',CASE WHEN i%5=0 THEN NULL ELSE (i%1000)/8.0 END,CASE WHEN i%7=0 THEN NULL ELSE date('2024-01-01','+'||(i%365)||' days') END,NULL,
 datetime('2024-01-01','+'||(i*61)||' seconds')||'.123457',datetime('2024-06-01','+'||(i*61)||' seconds')||'.123457',1+i%100,1+i%1000 FROM s;
INSERT INTO catalog_product_tags(product_id,tag_id) SELECT i,1+(i*3+k*17)%50 FROM s,(SELECT 0 k UNION SELECT 1 UNION SELECT 2);
INSERT INTO catalog_review(id,product_id,author_id,rating,title,body,created_at) SELECT lower(hex(randomblob(16))),i,1+(i+k*331)%1000,1+(i+k)%5,'Review '||k,'A body of a review of product '||i,'2024-03-01 00:00:00' FROM s,(SELECT 0 k UNION SELECT 1 UNION SELECT 2);
COMMIT;
ANALYZE;
PRAGMA wal_checkpoint(TRUNCATE);
