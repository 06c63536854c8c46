package quintet_test

import (
	"regexp"
	"strings"
	"testing"
)

// drfNames are the classes of the modules of Django REST framework 3.18, simplejwt 5.5 and django-filter 25.1, the decorators
// and the settings, in the order in which the modules define them.
var drfNames = map[string]string{
	"rest_framework.fields": `
		empty BuiltinSignatureError CreateOnlyDefault CurrentUserDefault SkipField Field BooleanField CharField
		EmailField RegexField SlugField URLField UUIDField IPAddressField IntegerField BigIntegerField FloatField
		DecimalField DateTimeField DateField TimeField DurationField ChoiceField MultipleChoiceField FilePathField
		FileField ImageField _UnvalidatedField ListField DictField HStoreField JSONField ReadOnlyField HiddenField
		SerializerMethodField ModelField`,
	"rest_framework.relations": `
		ObjectValueError ObjectTypeError Hyperlink PKOnlyObject RelatedField StringRelatedField PrimaryKeyRelatedField
		HyperlinkedRelatedField HyperlinkedIdentityField SlugRelatedField ManyRelatedField`,
	"rest_framework.validators": `
		UniqueValidator UniqueTogetherValidator ProhibitSurrogateCharactersValidator BaseUniqueForValidator
		UniqueForDateValidator UniqueForMonthValidator UniqueForYearValidator`,
	"rest_framework.serializers": `BaseSerializer SerializerMetaclass Serializer ListSerializer ModelSerializer HyperlinkedModelSerializer`,
	"rest_framework.generics": `
		GenericAPIView CreateAPIView ListAPIView RetrieveAPIView DestroyAPIView UpdateAPIView ListCreateAPIView
		RetrieveUpdateAPIView RetrieveDestroyAPIView RetrieveUpdateDestroyAPIView`,
	"rest_framework.mixins":   `CreateModelMixin ListModelMixin RetrieveModelMixin UpdateModelMixin DestroyModelMixin`,
	"rest_framework.viewsets": `ViewSetMixin ViewSet GenericViewSet ReadOnlyModelViewSet ModelViewSet`,
	"rest_framework.views":    `APIView`,
	"rest_framework.decorators": `
		MethodMapper api_view renderer_classes parser_classes authentication_classes throttle_classes throttle_scope
		permission_classes content_negotiation_class metadata_class versioning_class schema action`,
	"rest_framework.routers": `Route DynamicRoute BaseRouter SimpleRouter APIRootView DefaultRouter`,
	"rest_framework.authentication": `
		CSRFCheck BaseAuthentication BasicAuthentication SessionAuthentication TokenAuthentication
		RemoteUserAuthentication`,
	"rest_framework.permissions": `
		OperationHolderMixin SingleOperandHolder OperandHolder AND OR NOT BasePermissionMetaclass BasePermission
		AllowAny IsAuthenticated IsAdminUser IsAuthenticatedOrReadOnly DjangoModelPermissions
		DjangoModelPermissionsOrAnonReadOnly DjangoObjectPermissions`,
	"rest_framework.throttling": `BaseThrottle SimpleRateThrottle AnonRateThrottle UserRateThrottle ScopedRateThrottle`,
	"rest_framework.filters":    `BaseFilterBackend SearchFilter UnaccentedSearchFilter OrderingFilter`,
	"rest_framework.pagination": `Cursor PageLink BasePagination PageNumberPagination LimitOffsetPagination CursorPagination`,
	"rest_framework.versioning": `
		BaseVersioning AcceptHeaderVersioning URLPathVersioning NamespaceVersioning HostNameVersioning
		QueryParameterVersioning`,
	"rest_framework.negotiation": `BaseContentNegotiation DefaultContentNegotiation`,
	"rest_framework.parsers":     `DataAndFiles BaseParser JSONParser FormParser MultiPartParser FileUploadParser`,
	"rest_framework.renderers": `
		BaseRenderer JSONRenderer TemplateHTMLRenderer StaticHTMLRenderer HTMLFormRenderer BrowsableAPIRenderer
		AdminRenderer MultiPartRenderer OpenAPIRenderer JSONOpenAPIRenderer`,
	"rest_framework.metadata": `BaseMetadata SimpleMetadata`,
	"rest_framework.exceptions": `
		ErrorDetail APIException ValidationError ParseError AuthenticationFailed NotAuthenticated PermissionDenied
		NotFound MethodNotAllowed NotAcceptable UnsupportedMediaType Throttled`,
	"rest_framework.request":  `override_method WrappedAttributeError Empty ForcedAuthentication Request`,
	"rest_framework.response": `Response`,
	"rest_framework.test": `
		APIRequestFactory ForceAuthClientHandler APIClient APITransactionTestCase APITestCase APISimpleTestCase
		APILiveServerTestCase URLPatternsTestCase`,
	"rest_framework.settings": `
		APISettings DEFAULT_RENDERER_CLASSES DEFAULT_PARSER_CLASSES DEFAULT_AUTHENTICATION_CLASSES
		DEFAULT_PERMISSION_CLASSES DEFAULT_THROTTLE_CLASSES DEFAULT_CONTENT_NEGOTIATION_CLASS DEFAULT_METADATA_CLASS
		DEFAULT_VERSIONING_CLASS DEFAULT_PAGINATION_CLASS DEFAULT_FILTER_BACKENDS DEFAULT_SCHEMA_CLASS
		DEFAULT_THROTTLE_RATES NUM_PROXIES PAGE_SIZE SEARCH_PARAM ORDERING_PARAM DEFAULT_VERSION ALLOWED_VERSIONS
		VERSION_PARAM UNAUTHENTICATED_USER UNAUTHENTICATED_TOKEN VIEW_NAME_FUNCTION VIEW_DESCRIPTION_FUNCTION
		EXCEPTION_HANDLER NON_FIELD_ERRORS_KEY LIST_SERIALIZER_ERRORS_AS_DICT TEST_REQUEST_RENDERER_CLASSES
		TEST_REQUEST_DEFAULT_FORMAT URL_FORMAT_OVERRIDE FORMAT_SUFFIX_KWARG URL_FIELD_NAME DATE_FORMAT
		DATE_INPUT_FORMATS DATETIME_FORMAT DATETIME_INPUT_FORMATS TIME_FORMAT TIME_INPUT_FORMATS DURATION_FORMAT
		UNICODE_JSON COMPACT_JSON STRICT_JSON COERCE_DECIMAL_TO_STRING COERCE_BIGINT_TO_STRING UPLOADED_FILES_USE_URL
		HTML_SELECT_CUTOFF HTML_SELECT_CUTOFF_TEXT SCHEMA_COERCE_PATH_PK SCHEMA_COERCE_METHOD_NAMES`,
	"rest_framework_simplejwt": `
		JWTAuthentication JWTStatelessUserAuthentication JWTTokenUserAuthentication PasswordField
		TokenObtainSerializer TokenObtainPairSerializer TokenObtainSlidingSerializer TokenRefreshSerializer
		TokenRefreshSlidingSerializer TokenVerifySerializer TokenBlacklistSerializer TokenViewBase TokenObtainPairView
		TokenRefreshView TokenObtainSlidingView TokenRefreshSlidingView TokenVerifyView TokenBlacklistView Token
		BlacklistMixin SlidingToken AccessToken RefreshToken UntypedToken TokenError ExpiredTokenError
		TokenBackendError TokenBackendExpiredToken DetailDictMixin AuthenticationFailed InvalidToken TokenUser`,
	"django_filters": `
		Filter CharFilter BooleanFilter ChoiceFilter TypedChoiceFilter UUIDFilter MultipleChoiceFilter
		TypedMultipleChoiceFilter DateFilter DateTimeFilter IsoDateTimeFilter TimeFilter DurationFilter
		QuerySetRequestMixin ModelChoiceFilter ModelMultipleChoiceFilter NumberFilter NumericRangeFilter RangeFilter
		DateRangeFilter DateFromToRangeFilter DateTimeFromToRangeFilter IsoDateTimeFromToRangeFilter TimeRangeFilter
		AllValuesFilter AllValuesMultipleFilter BaseCSVFilter BaseInFilter BaseRangeFilter LookupChoiceFilter
		OrderingFilter FilterMethod UnknownFieldBehavior FilterSetOptions FilterSetMetaclass BaseFilterSet FilterSet
		DjangoFilterBackend`,
}

// TestCompatibilityNamesEveryClass: the first column of the tables says of every name what became of it.
func TestCompatibilityNamesEveryClass(t *testing.T) {
	firstColumn := regexp.MustCompile(`(?m)^\| ([^|]+) \| .+ \|$`)
	named := map[string]bool{}
	for _, row := range firstColumn.FindAllStringSubmatch(readPage(t, "docs/drf-compatibility.md").text, -1) {
		for _, word := range regexp.MustCompile(`\w+`).FindAllString(row[1], -1) {
			named[word] = true
		}
	}
	for module, names := range drfNames {
		for _, name := range strings.Fields(names) {
			if !named[name] {
				t.Errorf("docs/drf-compatibility.md does not name %s of %s", name, module)
			}
		}
	}
}
