-- The data set on PostgreSQL. $products is how many there are; reviews are three for each of the first $reviewed.

INSERT INTO auth_user(password,is_superuser,username,first_name,last_name,email,is_staff,is_active,date_joined)
 SELECT '!', false, 'user'||i, 'First'||i, 'Last'||i, 'user'||i||'@example.com', false, true, '2024-01-01 00:00:00+00' FROM generate_series(1,1000) i;
INSERT INTO auth_group(name) VALUES ('editors');
INSERT INTO auth_group_permissions(group_id, permission_id) SELECT 1, p.id FROM auth_permission p JOIN django_content_type c ON c.id=p.content_type_id WHERE c.app_label IN ('catalog','orders');
INSERT INTO auth_user_groups(user_id, group_id) SELECT i,1 FROM generate_series(1,1000) i;
INSERT INTO catalog_category(name,slug,parent_id) SELECT 'Category '||i, 'category-'||i, CASE WHEN i<=10 THEN NULL ELSE (i-1)%10+1 END FROM generate_series(1,100) i;
INSERT INTO catalog_tag(name) SELECT 'tag '||i FROM generate_series(1,50) i;
INSERT INTO catalog_product(sku,name,slug,description,price,stock,status,attributes,weight,available_from,image,created_at,updated_at,category_id,created_by_id)
 SELECT 'SKU-'||lpad(i::text,7,'0'), 'Product number '||i, 'product-'||i,
  'The quick brown fox number '||i||' jumps over the lazy dog & describes the "product" in about two hundred characters so that the list answer has a realistic size for a shop catalogue of goods, tools and toys.',
  ((i::bigint*7919)%100000)/100.0 + 1, 1000000000,
  CASE (i/100)%10 WHEN 0 THEN 'draft' WHEN 1 THEN 'archived' ELSE 'active' END,
  jsonb_build_object('color',(ARRAY['red','green','blue','black'])[1+i%4],'size',(ARRAY['S','M','L'])[1+i%3],'rank',i%100),
  CASE WHEN i%5=0 THEN NULL ELSE (i%1000)/8.0 END,
  CASE WHEN i%7=0 THEN NULL ELSE date '2024-01-01' + i%365 END, NULL,
  timestamptz '2024-01-01 00:00:00+00' + i*interval '61.123457 seconds', timestamptz '2024-06-01 00:00:00+00' + i*interval '61.123457 seconds',
  1+(i%100), 1+(i%1000) FROM generate_series(1,$products) i;
INSERT INTO catalog_product_tags(product_id,tag_id) SELECT i, 1+(i*3+k*17)%50 FROM generate_series(1,$products) i, generate_series(0,2) k;
INSERT INTO catalog_review(id,product_id,author_id,rating,title,body,created_at)
 SELECT gen_random_uuid(), i, 1+(i+k*331)%1000, 1+(i+k)%5, 'Review '||k, 'A body of a review of product '||i, timestamptz '2024-03-01 00:00:00+00' + i*interval '1 second' FROM generate_series(1,$reviewed) i, generate_series(0,2) k;
