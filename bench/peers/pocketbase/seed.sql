WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM s WHERE i<100)
INSERT INTO categories(id,name,slug,parent)
SELECT printf('c%014d',i),'Category '||i,'category-'||i,CASE WHEN i<=10 THEN '' ELSE printf('c%014d',(i-1)%10+1) END FROM s;
WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM s WHERE i<50)
INSERT INTO tags(id,name) SELECT printf('t%014d',i),'tag '||i FROM s;
WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM s WHERE i<$products)
INSERT INTO products(id,sku,name,slug,description,category,tags,price,stock,status,attributes,weight,available_from,created_by,created_at,updated_at)
SELECT printf('p%014d',i),printf('SKU-%07d',i),'Product number '||i,'product-'||i,
 'The quick brown fox number '||i||' jumps over the lazy dog & describes the "product" in about two hundred characters so that the list answer has a realistic size for a shop catalogue of goods, tools and toys.',
 printf('c%014d',1+i%100),json_array(printf('t%014d',1+(i*3)%50),printf('t%014d',1+(i*3+17)%50),printf('t%014d',1+(i*3+34)%50)),
 ((i*7919)%100000)/100.0+1,1000000000,CASE (i/100)%10 WHEN 0 THEN 'draft' WHEN 1 THEN 'archived' ELSE 'active' END,
 json_object('rank',i%100,'size','M','color','red'),(i%1000)/8.0,'2024-01-02 00:00:00.000Z',printf('u%014d',1+i%100),
 '2024-01-01 00:01:01.123Z','2024-06-01 00:01:01.123Z' FROM s;
ANALYZE;
